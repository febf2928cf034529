mod differential;
mod generated;
mod generator;
mod limits;
mod operators;
mod presence;
mod random;
mod sample;
mod slips;
mod values;

use super::*;
