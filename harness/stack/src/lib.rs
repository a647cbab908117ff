//! stacklab-stack
