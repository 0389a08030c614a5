// exp and log of vectors, within 2 units in the last place.
#pragma once

#include "simd.hpp"

namespace gaussmix {
namespace GAUSSMIX_ISA {

constexpr double LN2_HIGH = 6.93147180369123816490e-01;  // 32 bits, so that its multiples are exact
constexpr double LN2_LOW = 1.90821492927058770002e-10;

// exp(x) for x <= 709.78; 0 below log(smallest normal number) = -708.396, so results are never subnormal.
//
// x = n log 2 + r with |r| <= log(2)/2, exp(r) by a polynomial (relative error 2e-17), and n is added to the
// exponent field.
GAUSSMIX_INLINE Vector exp_below_overflow(Vector x) {
  constexpr double LOG2_E = 1.44269504088896338700;
  // Added to a number below 2**51 it leaves the nearest integer in the lowest bits.
  constexpr double ROUNDING = 6755399441055744.0;
  Vector shifted = x * LOG2_E + ROUNDING;
  Vector n = shifted - ROUNDING;
  Vector r = x - n * LN2_HIGH;
  r = r - n * LN2_LOW;
  Vector p = broadcast(2.510038549551032e-08);
  p = p * r + 2.7620088445409746e-07;
  p = p * r + 2.7557268459997064e-06;
  p = p * r + 2.4801521295954376e-05;
  p = p * r + 1.9841269863053618e-04;
  p = p * r + 1.3888888917213717e-03;
  p = p * r + 8.333333333330062e-03;
  p = p * r + 4.166666666662413e-02;
  p = p * r + 1.6666666666666669e-01;
  p = p * r + 0.5;
  p = r * r * p + r + 1.0;
  // Unsigned: far below the range this wraps around, and what comes of it is not selected.
  Vector result = reinterpret_cast<Vector>(reinterpret_cast<Unsigned>(p) +
                                           (reinterpret_cast<Unsigned>(shifted) << 52));
  Vector zero = {};
  return select(x < -708.396, zero, result);
}

GAUSSMIX_INLINE Vector exp(Vector x) {
  return select(x > 709.782712893384, broadcast(INFINITE), exp_below_overflow(x));
}

// log(x); -inf at 0, inf at inf, NaN below 0. Right for subnormal x.
//
// x = 2**n (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)); the series in s = f / (2 + f) is fdlibm's.
GAUSSMIX_INLINE Vector log(Vector x) {
  constexpr double SMALLEST_NORMAL = 2.2250738585072014e-308;
  constexpr double SQRT_HALF = 0.70710678118654757;
  Vector zero = {};
  Integers subnormal = x < SMALLEST_NORMAL;
  Vector y = select(subnormal, x * 18014398509481984.0, x);
  Integers bits = reinterpret_cast<Integers>(y);
  // The exponent as a double: placed in the low bits of 2**52, which is then taken away.
  Integers exponent = ((bits >> 52) & 0x7ff) | 0x4330000000000000;
  Vector n = reinterpret_cast<Vector>(exponent) - 4503599627370496.0;
  n = n - select(subnormal, broadcast(1022.0 + 54.0), broadcast(1022.0));
  Vector m = reinterpret_cast<Vector>((bits & 0x000fffffffffffff) | 0x3fe0000000000000);  // in [1/2, 1)
  Integers low = m < SQRT_HALF;
  n = select(low, n - 1.0, n);
  Vector f = select(low, m + m, m) - 1.0;
  Vector s = f / (f + 2.0);
  Vector z = s * s;
  Vector series = broadcast(1.479819860511658591e-01);
  series = series * z + 1.531383769920937332e-01;
  series = series * z + 1.818357216161805012e-01;
  series = series * z + 2.222219843214978396e-01;
  series = series * z + 2.857142874366239149e-01;
  series = series * z + 3.999999999940941908e-01;
  series = series * z + 6.666666666666735130e-01;
  series = series * z;
  Vector half_square = f * f * 0.5;
  Vector result = n * LN2_HIGH - ((half_square - (s * (half_square + series) + n * LN2_LOW)) - f);
  result = select(x == zero, broadcast(-INFINITE), result);
  result = select(x == INFINITE, x, result);
  return select(x < zero, broadcast(__builtin_nan("")), result);
}

}  // namespace GAUSSMIX_ISA
}  // namespace gaussmix
