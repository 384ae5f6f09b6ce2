/* Partners of one item by order: what came after it within a window, and, less, what came before. */
#ifndef RECO_SEQUENCES_H
#define RECO_SEQUENCES_H

#include "sparse.h"

/* Notes each item once, when its acc leaves 0; a weight may have fallen to 0 on a long way. */
static inline int64_t reco_note(int32_t item, float value, float *acc, int32_t *touched, int64_t count) {
    float before = acc[item], after = before + value;
    touched[count] = item;
    acc[item] = after;
    return count + ((before == 0.0f) & (after != 0.0f));
}

static int64_t reco_following_row(int64_t item, const int64_t *at_indptr, const int32_t *positions,
                                  const int32_t *items, const int32_t *sequence, int64_t size,
                                  const float *by_distance, int64_t window, float back, const float *col_norm,
                                  int64_t k, float *acc, int32_t *touched, uint64_t *keys, int64_t room,
                                  int32_t *out_indices, float *out_scores) {
    int64_t count = 0;
    reco_top top = {keys, 0, 0, room, k};
    for (int64_t p = at_indptr[item]; p < at_indptr[item + 1]; p++) {
        int64_t here = positions[p], last = here + window < size - 1 ? here + window : size - 1;
        int64_t first = here - window > 0 ? here - window : 0;
        for (int64_t q = here + 1; q <= last && sequence[q] == sequence[here]; q++)
            count = reco_note(items[q], by_distance[q - here], acc, touched, count);
        if (back <= 0.0f) continue;
        for (int64_t q = here - 1; q >= first && sequence[q] == sequence[here]; q--)
            count = reco_note(items[q], back * by_distance[here - q], acc, touched, count);
    }
    for (int64_t t = 0; t < count; t++) {
        int32_t column = touched[t];
        float sum = acc[column];
        acc[column] = 0.0f;
        if (column != item) reco_top_offer(&top, sum / col_norm[column], column);
    }
    return reco_top_list(&top, out_indices, out_scores);
}

#endif
