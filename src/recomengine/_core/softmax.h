/* One case of a listwise softmax (see softmax.pyx): plain loops over features, in lanes, so compilers vectorise them. */
#ifndef RECO_SOFTMAX_H
#define RECO_SOFTMAX_H

#include <math.h>
#include <stdint.h>

#include "clones.h"

enum { RECO_SCORE_LANES = 8 };

/* curve += sum of p[r] x[r] x[r]^T over all rows, upper triangle only. Four rows at a time: curve is read once for all. */
RECO_CLONES
static void reco_add_outer(const float *x, const double *p, int64_t rows, int64_t width, double *curve) {
    int64_t row = 0;
    for (; row + 4 <= rows; row += 4) {
        const float *x0 = x + row * width, *x1 = x0 + width, *x2 = x1 + width, *x3 = x2 + width;
        for (int64_t i = 0; i < width; i++) {
            if (x0[i] == 0.0f && x1[i] == 0.0f && x2[i] == 0.0f && x3[i] == 0.0f) continue;
            double a0 = p[row] * x0[i], a1 = p[row + 1] * x1[i], a2 = p[row + 2] * x2[i], a3 = p[row + 3] * x3[i];
            double *line = curve + i * width;
            for (int64_t j = i; j < width; j++) line[j] += a0 * x0[j] + a1 * x1[j] + a2 * x2[j] + a3 * x3[j];
        }
    }
    for (; row < rows; row++) {
        const float *x0 = x + row * width;
        for (int64_t i = 0; i < width; i++) {
            double a0 = p[row] * x0[i], *line = curve + i * width;
            if (a0 != 0.0)
                for (int64_t j = i; j < width; j++) line[j] += a0 * x0[j];
        }
    }
}

RECO_CLONES
static double reco_score(const float *x, const double *w, int64_t width) {
    double lanes[RECO_SCORE_LANES] = {0}, sum = 0.0;
    int64_t i = 0;
    for (; i + RECO_SCORE_LANES <= width; i += RECO_SCORE_LANES)
        for (int lane = 0; lane < RECO_SCORE_LANES; lane++) lanes[lane] += w[i + lane] * x[i + lane];
    for (; i < width; i++) sum += w[i] * x[i];
    for (int lane = 0; lane < RECO_SCORE_LANES; lane++) sum += lanes[lane];
    return sum;
}

/* slope += sum of (p[r] - share[r]) x[r], mean = sum of p[r] x[r]. */
RECO_CLONES
static void reco_add_rows(const float *x, const double *p, const double *share, int64_t rows, int64_t width,
                          double *restrict mean, double *restrict slope) {
    for (int64_t i = 0; i < width; i++) mean[i] = 0.0;
    for (int64_t row = 0; row < rows; row++) {
        double chance = p[row], away = chance - share[row];
        for (int64_t i = 0; i < width; i++) {
            mean[i] += chance * x[row * width + i];
            slope[i] += away * x[row * width + i];
        }
    }
}

/* Adds one case of so many rows to slope and to the upper triangle of curve; its loss. chance: rows long, mean: width. */
static double reco_case(const float *x, const double *share, const double *w, int64_t rows, int64_t width,
                        double *chance, double *mean, double *slope, double *curve) {
    double highest = -INFINITY, total = 0.0, loss = 0.0;
    for (int64_t row = 0; row < rows; row++) {
        chance[row] = reco_score(x + row * width, w, width);
        if (chance[row] > highest) highest = chance[row];
    }
    for (int64_t row = 0; row < rows; row++) {
        double above = chance[row] - highest;
        loss -= share[row] * above;
        chance[row] = exp(above);
        total += chance[row];
    }
    double whole = 0.0;
    for (int64_t row = 0; row < rows; row++) {
        chance[row] /= total;
        whole += share[row];
    }
    reco_add_rows(x, chance, share, rows, width, mean, slope);
    reco_add_outer(x, chance, rows, width, curve);
    for (int64_t i = 0; i < width; i++)
        for (int64_t j = i; j < width; j++) curve[i * width + j] -= mean[i] * mean[j];
    return loss + whole * log(total);
}

#endif
