//! What every value type of Kubernetes' libraries has to say of itself to the `cel` crate.

/// Makes a type that can be cloned and compared a value of expressions. With `comparable` it has an order too, by its
/// [`cel::common::traits::Comparer`].
macro_rules! expression_value {
    ($name:ty, $type:ident) => {
        expression_value!($name, $type, {});
    };
    ($name:ty, $type:ident, comparable) => {
        expression_value!($name, $type, {
            fn as_comparer(&self) -> Option<&dyn cel::common::traits::Comparer> {
                Some(self)
            }
        });
    };
    ($name:ty, $type:ident, { $($more:item)* }) => {
        impl cel::common::value::StaticVal for $name {}

        impl cel::common::value::Val for $name {
            fn get_type(&self) -> &cel::common::types::Type {
                &$type
            }

            fn cel_type() -> &'static cel::common::types::Type {
                &$type
            }

            fn equals(&self, other: &dyn cel::common::value::Val) -> bool {
                other.downcast_ref::<Self>() == Some(self)
            }

            fn clone_as_boxed<'v>(&self) -> Box<dyn cel::common::value::Val + 'v> {
                Box::new(Clone::clone(self))
            }

            fn as_any(&self) -> Option<&dyn std::any::Any> {
                Some(self)
            }

            $($more)*
        }
    };
}

pub(super) use expression_value;
