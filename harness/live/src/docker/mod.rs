//! The real services, in containers.
