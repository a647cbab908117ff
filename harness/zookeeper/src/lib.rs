//! stacklab-zookeeper
