//! ValidatingAdmissionPolicy evaluated locally.
