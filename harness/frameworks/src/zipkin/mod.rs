//! Zipkin-Mesos: collectors, query services and web UIs.
