//! stacklab-marathon
