//! What must hold for the messages that a stream delivered.

/// What is wrong with a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamFault {
    /// After this sequence another than the next one came: messages are missing.
    Gap(i64, i64),
    /// This sequence came again.
    Duplicate(i64),
    /// This sequence came after a greater one.
    Disorder(i64),
}

/// Everything that is wrong with the sequences that a stream delivered after `after`.
#[must_use]
pub fn check_sequences(after: i64, sequences: &[i64]) -> Vec<StreamFault> {
    let (mut faults, mut last) = (Vec::new(), after);
    for (place, sequence) in sequences.iter().copied().enumerate() {
        if sequence == last + 1 {
            last = sequence;
        } else if sequence > last {
            faults.push(StreamFault::Gap(last, sequence));
            last = sequence;
        } else if sequences[..place].contains(&sequence) || sequence <= after {
            faults.push(StreamFault::Duplicate(sequence));
        } else {
            faults.push(StreamFault::Disorder(sequence));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_stream_has_no_fault() {
        assert_eq!(check_sequences(0, &[1, 2, 3]), []);
        assert_eq!(check_sequences(7, &[8]), []);
        assert_eq!(check_sequences(7, &[]), []);
    }

    #[test]
    fn gap_duplicate_and_disorder_are_told_apart() {
        assert_eq!(check_sequences(0, &[1, 3]), [StreamFault::Gap(1, 3)]);
        assert_eq!(check_sequences(0, &[1, 2, 2]), [StreamFault::Duplicate(2)]);
        assert_eq!(check_sequences(5, &[5, 6]), [StreamFault::Duplicate(5)]);
        assert_eq!(check_sequences(0, &[1, 3, 2]), [StreamFault::Gap(1, 3), StreamFault::Disorder(2)]);
    }
}
