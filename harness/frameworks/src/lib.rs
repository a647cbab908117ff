//! stacklab-frameworks
