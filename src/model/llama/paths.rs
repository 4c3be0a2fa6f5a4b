//! Which tokens may come next, given the values that are still possible: a trie walked from its root, kept as the list
//! of its paths, since a slot has few.

/// The values that are still possible and how far they have been written.
#[derive(Debug)]
pub(super) struct Paths<'a, T> {
    alive: Vec<(Option<usize>, &'a [T])>,
    depth: usize,
}

impl<'a, T: Copy + PartialEq> Paths<'a, T> {
    /// All of them, nothing written. Each is a choice (a candidate, or `None` for `-`) and its tokens.
    pub fn new(paths: Vec<(Option<usize>, &'a [T])>) -> Self {
        Self { alive: paths, depth: 0 }
    }

    /// The distinct tokens that may come next, in the order of the paths; empty at an end (and when nothing is alive).
    pub fn next(&self) -> Vec<T> {
        let mut tokens = Vec::new();
        for (_, path) in &self.alive {
            match path.get(self.depth) {
                Some(token) if !tokens.contains(token) => tokens.push(*token),
                _ => {}
            }
        }
        tokens
    }

    /// Keeps the paths that go on with `token`.
    pub fn advance(&mut self, token: T) {
        let depth = self.depth;
        self.alive.retain(|(_, path)| path.get(depth) == Some(&token));
        self.depth += 1;
    }

    /// The single choice that is left, where no other one is.
    pub fn only(&self) -> Option<usize> {
        match self.alive.as_slice() {
            [(choice, _)] => *choice,
            _ => None,
        }
    }

    /// The choice that has been written to its end: the first of those with these very tokens.
    ///
    /// # Errors
    /// A path that ends inside another, or none alive: the caller must not go on.
    pub fn end(&self) -> Result<Option<usize>, String> {
        match self.alive.first() {
            None => Err("no value is left".to_owned()),
            Some(_) if self.alive.iter().any(|(_, path)| path.len() != self.depth) => {
                Err("a value's tokens end inside those of another".to_owned())
            }
            Some((choice, _)) => Ok(*choice),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allows_only_what_a_value_goes_on_with() {
        let mut paths = Paths::new(vec![(Some(0), &[1, 2, 9][..]), (Some(1), &[1, 3, 9]), (None, &[5, 9])]);
        assert_eq!(paths.next(), [1, 5]);
        paths.advance(1);
        assert_eq!(paths.next(), [2, 3]);
        paths.advance(3);
        assert_eq!(paths.next(), [9]);
        paths.advance(9);
        assert_eq!((paths.next(), paths.end()), (vec![], Ok(Some(1))));
    }

    #[test]
    fn the_first_of_two_equal_texts_is_meant() {
        let mut paths = Paths::new(vec![(Some(3), &[4, 9][..]), (Some(5), &[4, 9])]);
        paths.advance(4);
        paths.advance(9);
        assert_eq!(paths.end(), Ok(Some(3)));
    }

    #[test]
    fn what_is_not_a_value_has_no_end() {
        let mut paths = Paths::new(vec![(Some(0), &[1, 9][..]), (Some(1), &[1, 9, 9])]);
        paths.advance(1);
        paths.advance(9);
        assert!(paths.end().is_err(), "one path ends inside the other");
        paths.advance(7);
        assert!(paths.end().is_err(), "nothing is alive");
    }
}
