//! Two objects become changes; secrets are masked here.
