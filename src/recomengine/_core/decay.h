/* Exponential decay of many events at once: plain arithmetic without calls or branches, so compilers vectorise it. */
#ifndef RECO_DECAY_H
#define RECO_DECAY_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "clones.h"

/* Events a block: the weights of one stay in the first-level cache. */
enum { RECO_BLOCK = 256 };

/* 2^x for x <= 0, to the last digit or two of a double; exact for whole x, 0 below 2^-1022.
   x = n + f with |f| <= 1/2: the Taylor series of e^(f ln 2), whose 14th term is below 2^-53, times 2^n by its
   exponent. */
static inline double reco_exp2(double x) {
    /* 1.5 * 2^52: adding it rounds to whole, and leaves n in the lowest bits. */
    const double shift = 6755399441055744.0;
    double clamped = x < -1022.0 ? -1022.0 : x, shifted = clamped + shift;
    double y = (clamped - (shifted - shift)) * 0.69314718055994530942;
    double series = 1.0 / 6227020800.0;
    uint64_t whole, bits;
    series = series * y + 1.0 / 479001600.0;
    series = series * y + 1.0 / 39916800.0;
    series = series * y + 1.0 / 3628800.0;
    series = series * y + 1.0 / 362880.0;
    series = series * y + 1.0 / 40320.0;
    series = series * y + 1.0 / 5040.0;
    series = series * y + 1.0 / 720.0;
    series = series * y + 1.0 / 120.0;
    series = series * y + 1.0 / 24.0;
    series = series * y + 1.0 / 6.0;
    series = series * y + 0.5;
    series = series * y + 1.0;
    series = series * y + 1.0;
    memcpy(&whole, &shifted, sizeof whole);
    memcpy(&bits, &series, sizeof bits);
    bits += whole << 52;
    memcpy(&series, &bits, sizeof series);
    return x < -1022.0 ? 0.0 : series;
}

/* decay[i] = 2^(-age / half_life), 1 for times after now. */
RECO_CLONES
static void reco_decay(const int64_t *times, int64_t size, double now, double half_life, double *decay) {
    /* Two loops: x86-64 without AVX-512 has no vector conversion of 64-bit integers, and one loop of both would stay
       scalar. */
    for (int64_t i = 0; i < size; i++) decay[i] = (double)times[i] - now;
    for (int64_t i = 0; i < size; i++) decay[i] = reco_exp2((decay[i] < 0.0 ? decay[i] : 0.0) / half_life);
}

/* total[items[i]] += weights[i] * decay[i]. */
static void reco_decayed_counts(const int32_t *items, const int64_t *times, const float *weights, int64_t size,
                                double now, double half_life, double *total) {
    double decay[RECO_BLOCK];
    for (int64_t start = 0; start < size; start += RECO_BLOCK) {
        int64_t end = size - start < RECO_BLOCK ? size - start : RECO_BLOCK;
        reco_decay(times + start, end, now, half_life, decay);
        for (int64_t i = 0; i < end; i++) total[items[start + i]] += weights[start + i] * decay[i];
    }
}

/* score[i] = (fast - expected) / sqrt(expected + prior), expected = slow * short / long. */
RECO_CLONES
static void reco_trend(const double *fast, const double *slow, int64_t size, double short_ms, double long_ms,
                       double prior, float *score) {
    for (int64_t i = 0; i < size; i++) {
        double expected = slow[i] * short_ms / long_ms;
        score[i] = (float)((fast[i] - expected) / sqrt(expected + prior));
    }
}

#endif
