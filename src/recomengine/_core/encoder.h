/* The network of encoder.pyx: plain loops over vectors of RECO_DIM numbers, in lanes, so compilers vectorise them. */
#ifndef RECO_ENCODER_H
#define RECO_ENCODER_H

#include <stdint.h>

#include "clones.h"
#include "sparse.h"

enum { RECO_DIM = 64, RECO_LANES = 16 };

/* query = sum + down^T max(0, up^T sum + up_bias) + down_bias; up and down RECO_DIM x RECO_DIM, row by row. */
RECO_CLONES
static void reco_feed_forward(const float *sum, const float *up, const float *up_bias, const float *down,
                              const float *down_bias, float *query) {
    float hidden[RECO_DIM];
    for (int h = 0; h < RECO_DIM; h++) hidden[h] = up_bias[h];
    for (int c = 0; c < RECO_DIM; c++)
        for (int h = 0; h < RECO_DIM; h++) hidden[h] += sum[c] * up[c * RECO_DIM + h];
    for (int c = 0; c < RECO_DIM; c++) query[c] = sum[c] + down_bias[c];
    for (int h = 0; h < RECO_DIM; h++) {
        float active = hidden[h] > 0.0f ? hidden[h] : 0.0f;
        for (int c = 0; c < RECO_DIM; c++) query[c] += active * down[h * RECO_DIM + c];
    }
}

/* scores[i] = vectors[rows[items[i]]] . query; every item has a row. */
RECO_CLONES
static void reco_scores(const float *vectors, const int32_t *rows, const int32_t *items, int64_t size,
                        const float *query, float *scores) {
    for (int64_t i = 0; i < size; i++) {
        const float *vector = vectors + (int64_t)rows[items[i]] * RECO_DIM;
        if (i + RECO_AHEAD < size) {
            const float *later = vectors + (int64_t)rows[items[i + RECO_AHEAD]] * RECO_DIM;
            for (int c = 0; c < RECO_DIM; c += RECO_LANES) RECO_PREFETCH(later + c);
        }
        float lanes[RECO_LANES] = {0};
        for (int c = 0; c < RECO_DIM; c += RECO_LANES)
            for (int lane = 0; lane < RECO_LANES; lane++) lanes[lane] += vector[c + lane] * query[c + lane];
        for (int width = RECO_LANES / 2; width; width /= 2)
            for (int lane = 0; lane < width; lane++) lanes[lane] += lanes[lane + width];
        scores[i] = lanes[0];
    }
}

#endif
