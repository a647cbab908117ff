//! stacklab-kafka
