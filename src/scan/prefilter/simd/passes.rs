//! The passes over a text, for any instruction set.

/// Compiles the passes for an instruction set, out of what the module around holds of it: `Block`
/// (64 bytes), `Halves` (their low and high halves), `Table`, `table`, `load`, `split`, `look_up`,
/// `both` and `any`.
macro_rules! passes {
    ($features:literal) => {
        use $crate::scan::prefilter::sieve::{Bits, WINDOW, four};
        use $crate::scan::prefilter::simd::{ALPHANUMERIC, BEHIND, BLOCK, CHUNK, ESCAPE, Masks, Places, Simd, TOKEN};
        use $crate::scan::prefilter::{Hit, LONG_RUN, Memory, begins_word};

        #[target_feature(enable = $features)]
        pub(super) fn find(simd: &Simd, text: &[u8], memory: &mut Memory) {
            let whole_blocks = text.len().saturating_sub(BEHIND) / BLOCK * BLOCK;
            let mut blocks_before = 0;
            for at in (0..whole_blocks).step_by(CHUNK) {
                let chunk = &text[at..whole_blocks.min(at + CHUNK) + BEHIND];
                blocks_before = find_in_chunk(simd, text, at, chunk, blocks_before, memory);
            }
            // What is left, padded so that its last block has something behind it.
            let mut rest = [0; 4 * BLOCK];
            let left = text.len() - whole_blocks;
            rest[..left].copy_from_slice(&text[whole_blocks..]);
            let chunk = &rest[..left.next_multiple_of(BLOCK) + BEHIND];
            find_in_chunk(simd, text, whole_blocks, chunk, blocks_before, memory);
        }

        /// Finds the hits of a chunk, whose last block is only looked into. Tells how many blocks it
        /// has, which the next call wants to know: what is known of the last of them counts there.
        #[target_feature(enable = $features)]
        fn find_in_chunk(
            simd: &Simd,
            text: &[u8],
            at: usize,
            chunk: &[u8],
            blocks_before: usize,
            memory: &mut Memory,
        ) -> usize {
            let Memory { hits, runs, marks } = memory;
            // Each pass keeps its tables in registers, and reads what the last one left in the cache.
            let blocks = (chunk.len() - BEHIND) / BLOCK;
            look(simd, chunk, blocks_before, &mut marks.masks, &mut marks.windows[..blocks]);
            mark_edges(&marks.masks, &mut marks.edges[..blocks], &mut marks.runs[..blocks]);
            note_runs(&marks.runs[..blocks], text, at, runs);
            let is_wanted = |bytes| simd.edges.may_be(bytes);
            for &place in sift(chunk, &marks.edges[..blocks], &mut marks.places, is_wanted) {
                let at = at + usize::from(place);
                simd.edges.of(four(text, at)).for_each(|literal| simd.ask(literal, text, at, hits));
            }
            let is_wanted = |bytes| simd.sieve.may_be(bytes);
            for &place in sift(chunk, &marks.windows[..blocks], &mut marks.places, is_wanted) {
                let at = at + usize::from(place);
                simd.sieve.each(text, at, |literal, at, is_sure| {
                    if is_sure {
                        hits.push(Hit { at: at as u32, literal });
                    } else {
                        simd.ask(literal, text, at, hits);
                    }
                });
            }
            blocks
        }

        /// Tells of what class the bytes of a chunk are, and marks where some bucket allows four bytes in a row.
        #[target_feature(enable = $features)]
        fn look(simd: &Simd, chunk: &[u8], blocks_before: usize, masks: &mut Masks, marks: &mut [u64]) {
            let blocks = marks.len();
            let masks = [&mut masks.alphanumeric, &mut masks.token, &mut masks.escape];
            let [alphanumeric, token, escape] = masks.map(|mask| {
                mask[0] = if blocks_before == 0 { 0 } else { mask[blocks_before] };
                &mut mask[1..][..blocks + 1]
            });
            let classes = table(&simd.classes);
            let tables = |of: usize| std::array::from_fn(|place| table(&simd.sieve.buckets[of][place]));
            let [first, second]: [[Table; WINDOW]; 2] = [tables(0), tables(1)];
            let mut classify = |block: usize, bytes: Bytes| {
                let class = look_up_ascii(classes, bytes);
                alphanumeric[block] = any(class, ALPHANUMERIC);
                token[block] = any(class, TOKEN);
                escape[block] = any(class, ESCAPE);
            };
            for (block, marks) in marks.iter_mut().enumerate() {
                let bytes: &[u8; BLOCK + WINDOW] =
                    chunk[block * BLOCK..].first_chunk().expect("a chunk has bytes behind its last block");
                let at =
                    |place: usize| prepare(load(bytes[place..].first_chunk().expect("a window is that much longer")));
                let [a, b, c, d] = [at(0), at(1), at(2), at(3)];
                classify(block, a);
                let buckets = |[of_a, of_b, of_c, of_d]: [Table; WINDOW]| {
                    both(both(look_up(of_a, a), look_up(of_b, b)), both(look_up(of_c, c), look_up(of_d, d)))
                };
                *marks = any(either(buckets(first), buckets(second)), u8::MAX);
            }
            let behind = chunk[blocks * BLOCK..].first_chunk().expect("a chunk has bytes behind its last block");
            classify(blocks, prepare(load(behind)));
        }

        /// Marks where an edge literal may begin: at a letter or digit that begins a word or follows
        /// an escape, and begins 20 token bytes; and where a long run of letters and digits does.
        #[target_feature(enable = $features)]
        fn mark_edges(masks: &Masks, marks: &mut [u64], runs: &mut [u64]) {
            let blocks = marks.len();
            let runs = &mut runs[..blocks];
            let [alphanumeric_before, escape_before] = [&masks.alphanumeric[..blocks], &masks.escape[..blocks]];
            let [alphanumeric, escape, token] =
                [&masks.alphanumeric, &masks.escape, &masks.token].map(|mask| &mask[1..][..blocks]);
            let [alphanumeric_behind, token_behind] =
                [&masks.alphanumeric, &masks.token].map(|mask| &mask[2..][..blocks]);
            for index in 0..blocks {
                let glued = alphanumeric[index] << 1 | alphanumeric_before[index] >> 63;
                let escaped = |by: u32| escape[index] << by | escape_before[index] >> (64 - by);
                let begins = alphanumeric[index] & (!glued | escaped(2) | escaped(3) | escaped(4) | escaped(6));
                marks[index] = begins & run_of([1, 2, 4, 8, 4], token[index], token_behind[index]);
                let long = [1, 2, 4, 8, LONG_RUN as u32 - 16];
                runs[index] = begins & run_of(long, alphanumeric[index], alphanumeric_behind[index]);
            }
        }

        /// The places where a run begins that is one longer than these steps together.
        #[target_feature(enable = $features)]
        #[inline]
        fn run_of(steps: [u32; 5], mut run: u64, mut behind: u64) -> u64 {
            for by in steps {
                run &= run >> by | behind << (64 - by);
                behind &= behind >> by;
            }
            run
        }

        /// Notes where long runs of letters and digits begin.
        #[target_feature(enable = $features)]
        fn note_runs(marks: &[u64], text: &[u8], at: usize, runs: &mut Vec<u32>) {
            // Nearly always there is none.
            if marks.iter().fold(0, |all, marked| all | marked) == 0 {
                return;
            }
            for (block, &marked) in marks.iter().enumerate() {
                let mut rest = marked;
                while rest != 0 {
                    let place = at + block * BLOCK + rest.trailing_zeros() as usize;
                    if begins_word(text, place) {
                        runs.push(place as u32);
                    }
                    rest &= rest.wrapping_sub(1);
                }
            }
        }

        /// The marked places whose first four bytes are wanted. Few are, and which is hard to foresee: so there is no branch.
        #[target_feature(enable = $features)]
        fn sift<'m>(
            chunk: &[u8],
            marks: &[u64],
            places: &'m mut Places,
            is_wanted: impl Fn([u8; WINDOW]) -> bool,
        ) -> &'m [u16] {
            let mut noted = 0;
            for (group, marks) in marks.chunks(64).enumerate() {
                let is_marked = |(block, marks): (u32, &u64)| u64::from(*marks != 0) << block;
                let mut marked = (0..).zip(marks).map(is_marked).fold(0, |all, marked| all | marked);
                while marked != 0 {
                    let block = marked.trailing_zeros() as usize;
                    marked &= marked.wrapping_sub(1);
                    let places = places[noted..].first_chunk_mut().expect("there is room for a block");
                    note(marks[block], (group * 64 + block) as u16, places);
                    noted += marks[block].count_ones() as usize;
                }
            }
            let mut kept = 0;
            for index in 0..noted {
                let place = places[index];
                let head = chunk[usize::from(place)..].first_chunk().expect("there is a block behind");
                places[kept] = place;
                kept += usize::from(is_wanted(*head));
            }
            &places[..kept]
        }
    };
}

pub(super) use passes;
