//! A small client for one broker, ours or the original 0.8.2.2.
