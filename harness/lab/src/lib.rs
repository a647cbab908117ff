//! stacklab-lab
