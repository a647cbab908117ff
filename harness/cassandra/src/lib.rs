//! stacklab-cassandra
