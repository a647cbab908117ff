//! stacklab-live
