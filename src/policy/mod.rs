//! policy
#![allow(dead_code)]
mod cel;
