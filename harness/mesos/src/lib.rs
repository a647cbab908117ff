//! stacklab-mesos
