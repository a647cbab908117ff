//! stacklab-traces
