//! What the four frameworks share.
