//! Asks the compiler whether a type has a trait, and answers at run time, so that the asking can be tested.

/// `implements!(Type: Trait)`. An inherent constant, which is there only with the trait, stands before a trait's constant of
/// the same name.
macro_rules! implements {
    ($type:ty: $($bound:tt)+) => {{
        struct Probe<T: ?Sized>(core::marker::PhantomData<T>);
        #[allow(dead_code, reason = "where the bound holds, nobody names it")]
        trait Otherwise {
            const ANSWER: bool = false;
        }
        impl<T: ?Sized> Otherwise for Probe<T> {}
        #[allow(dead_code, reason = "where the bound does not hold, nobody names it")]
        impl<T: ?Sized + $($bound)+> Probe<T> {
            const ANSWER: bool = true;
        }
        Probe::<$type>::ANSWER
    }};
}

pub(crate) use implements;
