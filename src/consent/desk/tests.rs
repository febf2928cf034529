//! The desk from outside: what customers see, what their forms lead to, and what comes of it.

mod endings;
mod lodged;
mod pages;
mod walk;
