//! stacklab-zipkin
