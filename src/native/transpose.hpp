// Squares of numbers turned over in registers.
#pragma once

#include "simd.hpp"

namespace gaussmix {
namespace GAUSSMIX_ISA {

template <int... VALUES>
struct Sequence {};

template <int N, int... VALUES>
struct Counted : Counted<N - 1, N - 1, VALUES...> {};

template <int... VALUES>
struct Counted<0, VALUES...> {
  using type = Sequence<VALUES...>;
};

using Lanes = typename Counted<WIDTH>::type;

// Of a square of 2 x 2 blocks, swaps the two off the diagonal.
template <int SIZE, int... LANE>
GAUSSMIX_INLINE void swap_blocks(Vector& a, Vector& b, Sequence<LANE...>) {
  const Vector upper = __builtin_shufflevector(a, b, (LANE & SIZE ? WIDTH + LANE - SIZE : LANE)...);
  b = __builtin_shufflevector(a, b, (LANE & SIZE ? WIDTH + LANE : LANE + SIZE)...);
  a = upper;
}

template <int SIZE = WIDTH / 2>
GAUSSMIX_INLINE void transpose(Vector (&rows)[WIDTH]) {
  GAUSSMIX_UNROLL for (int i = 0; i < WIDTH; ++i)
    if (!(i & SIZE)) swap_blocks<SIZE>(rows[i], rows[i + SIZE], Lanes{});
  if constexpr (SIZE > 1) transpose<SIZE / 2>(rows);
}

// Where lane LANE of column J of a table with D columns is to be taken from when vector I of the table is added to what
// the vectors before it have given.
constexpr int source(int D, int J, int I, int lane) {
  const int at = lane * D + J;
  if (at / WIDTH == I) return WIDTH + at % WIDTH;
  return I == 1 && at / WIDTH == 0 ? at % WIDTH : lane;
}

template <int D, int J, int I, int... LANE>
GAUSSMIX_INLINE Vector column(const Vector (&table)[D], Vector so_far, Sequence<LANE...> lanes) {
  if constexpr (I < D) {
    so_far = __builtin_shufflevector(so_far, table[I], source(D, J, I, LANE)...);
    return column<D, J, I + 1>(table, so_far, lanes);
  }
  return so_far;
}

// Takes apart WIDTH rows of D numbers that lie one after the other: columns[j] holds number j of each.
template <int D, int J = 0>
GAUSSMIX_INLINE void deinterleave(const Vector (&table)[D], Vector (&columns)[D]) {
  columns[J] = column<D, J, 1>(table, table[0], Lanes{});
  if constexpr (J + 1 < D) deinterleave<D, J + 1>(table, columns);
}

}  // namespace GAUSSMIX_ISA
}  // namespace gaussmix
