// Vectors of doubles as wide as the instruction set that this object is compiled for.
//
// Everything lies in a namespace of the instruction set's own. Were it shared, the linker would keep one copy
// of an inline function for all objects, possibly one with instructions that the processor lacks. For the same
// reason no kernel uses functions of the standard library that are defined in headers.
#pragma once

#include "task.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#ifndef GAUSSMIX_ISA
#error "compile with -DGAUSSMIX_ISA=<name of the instruction set>"
#endif

#define GAUSSMIX_INLINE inline __attribute__((always_inline))
#define GAUSSMIX_UNROLL _Pragma("GCC unroll 32")

namespace gaussmix {
namespace GAUSSMIX_ISA {

#if defined(__AVX512F__)
constexpr int WIDTH = 8;
constexpr int REGISTERS = 32;
#elif defined(__AVX2__)
constexpr int WIDTH = 4;
constexpr int REGISTERS = 16;
#elif defined(__aarch64__)
constexpr int WIDTH = 2;
constexpr int REGISTERS = 32;
#else
constexpr int WIDTH = 2;
constexpr int REGISTERS = 16;
#endif

typedef double Vector __attribute__((vector_size(WIDTH * 8)));
typedef int64_t Integers __attribute__((vector_size(WIDTH * 8)));  // also what a comparison gives: 0 or -1
typedef uint64_t Unsigned __attribute__((vector_size(WIDTH * 8)));
typedef double UnalignedVector __attribute__((vector_size(WIDTH * 8), aligned(8), may_alias));

constexpr double INFINITE = __builtin_inf();

// A number as a type, to hand it to a generic lambda.
template <int VALUE>
struct Constant {
  static constexpr int value = VALUE;
};

GAUSSMIX_INLINE Vector load(const double* p) { return *reinterpret_cast<const UnalignedVector*>(p); }

GAUSSMIX_INLINE void store(double* p, Vector v) { *reinterpret_cast<UnalignedVector*>(p) = v; }

GAUSSMIX_INLINE Vector broadcast(double value) {
  // x - 0 is x for every x; x + 0 is not, and would be computed.
  Vector zero = {};
  return value - zero;
}

GAUSSMIX_INLINE Vector select(Integers mask, Vector yes, Vector no) { return mask ? yes : no; }

// The second argument where the first is NaN.
GAUSSMIX_INLINE Vector maximum(Vector a, Vector b) {
#if defined(__AVX512F__)
  return reinterpret_cast<Vector>(_mm512_max_pd(reinterpret_cast<__m512d>(a), reinterpret_cast<__m512d>(b)));
#elif defined(__AVX2__)
  return reinterpret_cast<Vector>(_mm256_max_pd(reinterpret_cast<__m256d>(a), reinterpret_cast<__m256d>(b)));
#elif defined(__x86_64__)
  return reinterpret_cast<Vector>(_mm_max_pd(reinterpret_cast<__m128d>(a), reinterpret_cast<__m128d>(b)));
#else
  return a > b ? a : b;
#endif
}

GAUSSMIX_INLINE Vector minimum(Vector a, Vector b) {
#if defined(__AVX512F__)
  return reinterpret_cast<Vector>(_mm512_min_pd(reinterpret_cast<__m512d>(a), reinterpret_cast<__m512d>(b)));
#elif defined(__AVX2__)
  return reinterpret_cast<Vector>(_mm256_min_pd(reinterpret_cast<__m256d>(a), reinterpret_cast<__m256d>(b)));
#elif defined(__x86_64__)
  return reinterpret_cast<Vector>(_mm_min_pd(reinterpret_cast<__m128d>(a), reinterpret_cast<__m128d>(b)));
#else
  return a < b ? a : b;
#endif
}

GAUSSMIX_INLINE bool any_greater(Vector a, Vector b) {
#if defined(__AVX512F__)
  return _mm512_cmp_pd_mask(reinterpret_cast<__m512d>(a), reinterpret_cast<__m512d>(b), _CMP_GT_OQ) != 0;
#elif defined(__AVX2__)
  return _mm256_movemask_pd(_mm256_cmp_pd(reinterpret_cast<__m256d>(a), reinterpret_cast<__m256d>(b),
                                          _CMP_GT_OQ)) != 0;
#else
  Integers greater = a > b;
  int64_t any = 0;
  for (int lane = 0; lane < WIDTH; ++lane) any |= greater[lane];
  return any != 0;
#endif
}

GAUSSMIX_INLINE bool any_at_least(Vector a, Vector b) {
  Integers at_least = a >= b;
  int64_t any = 0;
  for (int lane = 0; lane < WIDTH; ++lane) any |= at_least[lane];
  return any != 0;
}

GAUSSMIX_INLINE double sum_of_lanes(Vector v) {
  double lanes[WIDTH];
  store(lanes, v);
  for (int half = WIDTH / 2; half > 0; half /= 2)
    for (int lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
  return lanes[0];
}

GAUSSMIX_INLINE double least_lane(Vector v) {
  double least = v[0];
  for (int lane = 1; lane < WIDTH; ++lane) least = v[lane] < least ? v[lane] : least;
  return least;
}

}  // namespace GAUSSMIX_ISA
}  // namespace gaussmix
