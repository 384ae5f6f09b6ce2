/* The inner loops over sparse rows: accumulate a row of a product, keep its top K: no Python, allocation or lock. */
#ifndef RECO_SPARSE_H
#define RECO_SPARSE_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__) || defined(__clang__)
#define RECO_PREFETCH(address) __builtin_prefetch(address)
#else
#define RECO_PREFETCH(address) ((void)(address))
#endif

/* How many sparse rows ahead of the sum memory is asked for: rows lie anywhere, so each is a cache miss otherwise. */
enum { RECO_AHEAD = 12 };

/* A score and an index in one number: larger is better, a higher score first and of equal scores the smaller index.
   Scores are >= 0, so their bits order as they do. */
static inline uint64_t reco_key(float score, int32_t index) {
    uint32_t bits;
    memcpy(&bits, &score, sizeof bits);
    return (uint64_t)bits << 32 | ~(uint32_t)index;
}

/* The same where scores may be negative: not to be mixed with the other keys. */
static inline uint64_t reco_signed_key(float score, int32_t index) {
    uint32_t bits;
    memcpy(&bits, &score, sizeof bits);
    bits = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
    return (uint64_t)bits << 32 | ~(uint32_t)index;
}

static inline int32_t reco_key_index(uint64_t key) { return (int32_t)~(uint32_t)key; }

static inline float reco_key_score(uint64_t key) {
    uint32_t bits = (uint32_t)(key >> 32);
    float score;
    memcpy(&score, &bits, sizeof score);
    return score;
}

/* Moves the larger keys to the front; returns the place of the pivot, the median of three. Keys are distinct. */
static inline int64_t reco_partition(uint64_t *keys, int64_t size) {
    uint64_t *first = keys, *middle = keys + size / 2, *last = keys + size - 1;
    uint64_t *low = *first < *middle ? first : middle, *high = *first < *middle ? middle : first;
    uint64_t *median = *last < *low ? low : (*last > *high ? high : last);
    uint64_t pivot = *median;
    int64_t front = 0;
    *median = *last;
    for (int64_t i = 0; i < size - 1; i++) {
        uint64_t key = keys[i];
        keys[i] = keys[front];
        keys[front] = key;
        front += key > pivot;
    }
    *last = keys[front];
    keys[front] = pivot;
    return front;
}

/* Moves the k largest of `size` keys to the front. */
static void reco_select(uint64_t *keys, int64_t size, int64_t k) {
    while (size > 1 && k > 0 && k < size) {
        int64_t pivot = reco_partition(keys, size);
        if (pivot >= k) {
            size = pivot;
        } else {
            keys += pivot + 1;
            size -= pivot + 1;
            k -= pivot + 1;
        }
    }
}

/* Largest first. */
static void reco_sort(uint64_t *keys, int64_t size) {
    while (size > 16) {
        int64_t pivot = reco_partition(keys, size), rest = size - pivot - 1;
        if (pivot < rest) {
            reco_sort(keys, pivot);
            keys += pivot + 1;
            size = rest;
        } else {
            reco_sort(keys + pivot + 1, rest);
            size = pivot;
        }
    }
    for (int64_t i = 1; i < size; i++) {
        uint64_t key = keys[i];
        int64_t at = i;
        for (; at > 0 && keys[at - 1] < key; at--) keys[at] = keys[at - 1];
        keys[at] = key;
    }
}

/* The best k of a stream of keys. `keys` has room for more than k: when it is full, the best k stay and the worst of
   them becomes the floor below which nothing enters. Cheaper than a heap: a key that enters costs O(1). */
typedef struct {
    uint64_t *keys, floor;
    int64_t size, room, k;
} reco_top;

static inline void reco_top_cut(reco_top *top) {
    if (top->size <= top->k) return;
    reco_select(top->keys, top->size, top->k);
    top->size = top->k;
    top->floor = top->keys[0];
    for (int64_t i = 1; i < top->k; i++) top->floor = top->keys[i] < top->floor ? top->keys[i] : top->floor;
}

static inline void reco_top_take(reco_top *top, uint64_t key) {
    top->keys[top->size] = key;
    top->size += key > top->floor;
    if (top->size == top->room) reco_top_cut(top);
}

static inline void reco_top_offer(reco_top *top, float score, int32_t index) {
    reco_top_take(top, reco_key(score, index));
}

/* The best k as a list, best first; returns how many there are. */
static inline int64_t reco_top_list(reco_top *top, int32_t *indices, float *scores) {
    reco_top_cut(top);
    reco_sort(top->keys, top->size);
    for (int64_t i = 0; i < top->size; i++) {
        scores[i] = reco_key_score(top->keys[i]);
        indices[i] = reco_key_index(top->keys[i]);
    }
    return top->size;
}

/* Distinct indices, smallest first. The few of a usual row are placed by counting smaller ones: no branch to
   mispredict. */
static void reco_sort_indices(int32_t *indices, int64_t size) {
    int32_t copy[32];
    while (size > 32) {
        int32_t pivot = indices[size / 2];
        int64_t front = 0, rest;
        indices[size / 2] = indices[size - 1];
        for (int64_t i = 0; i < size - 1; i++) {
            int32_t index = indices[i];
            indices[i] = indices[front];
            indices[front] = index;
            front += index < pivot;
        }
        indices[size - 1] = indices[front];
        indices[front] = pivot;
        rest = size - front - 1;
        if (front < rest) {
            reco_sort_indices(indices, front);
            indices += front + 1;
            size = rest;
        } else {
            reco_sort_indices(indices + front + 1, rest);
            size = front;
        }
    }
    memcpy(copy, indices, size * sizeof *copy);
    for (int64_t i = 0; i < size; i++) {
        int32_t place = 0;
        for (int64_t j = 0; j < size; j++) place += copy[j] < copy[i];
        indices[place] = copy[i];
    }
}

/* Asks for the start of sparse row `row`. */
static inline void reco_prefetch_row(const int64_t *indptr, const int32_t *indices, const float *data, int64_t row) {
    RECO_PREFETCH(&indices[indptr[row]]);
    RECO_PREFETCH(&data[indptr[row]]);
}

/* Columns x rows. out_indptr, all 0, has columns + 1 places, and `cursor` as many as columns. */
static void reco_transpose(int64_t rows, int64_t columns, const int64_t *indptr, const int32_t *indices,
                           const float *data, int64_t *cursor, int64_t *out_indptr, int32_t *out_indices,
                           float *out_data) {
    int64_t entries = indptr[rows];
    for (int64_t p = 0; p < entries; p++) out_indptr[indices[p] + 1]++;
    for (int64_t column = 0; column < columns; column++) {
        cursor[column] = out_indptr[column];
        out_indptr[column + 1] += out_indptr[column];
    }
    for (int64_t row = 0; row < rows; row++) {
        for (int64_t p = indptr[row]; p < indptr[row + 1]; p++) {
            int64_t at = cursor[indices[p]]++;
            if (p + 2 * RECO_AHEAD < entries) {
                RECO_PREFETCH(&out_indices[cursor[indices[p + 2 * RECO_AHEAD]]]);
                RECO_PREFETCH(&out_data[cursor[indices[p + 2 * RECO_AHEAD]]]);
            }
            out_indices[at] = (int32_t)row;
            out_data[at] = data[p];
        }
    }
}

/* acc += weight * row, noting each column when its acc leaves 0 (no value is negative, so it happens once). */
static inline int64_t reco_add_row(const int32_t *indices, const float *data, int64_t start, int64_t end, float weight,
                                   float *acc, int32_t *touched, int64_t count) {
    for (int64_t p = start; p < end; p++) {
        int32_t column = indices[p];
        float before = acc[column];
        touched[count] = column;
        float after = before + weight * data[p];
        acc[column] = after;
        count += (before == 0.0f) & (after != 0.0f);
    }
    return count;
}

/* One row of left x right, scaled and cut to its top k; returns how many were kept, best first in out_*. */
static int64_t reco_product_row(int64_t row, const int64_t *left_indptr, const int32_t *left_indices,
                                const float *left_data, const int64_t *right_indptr, const int32_t *right_indices,
                                const float *right_data, const float *row_norm, const float *col_norm, float shrink,
                                int skip_diagonal, int64_t k, float *acc, int32_t *touched, uint64_t *keys,
                                int64_t room, int32_t *out_indices, float *out_scores) {
    int64_t count = 0, end = left_indptr[row + 1];
    reco_top top = {keys, 0, 0, room, k};
    for (int64_t p = left_indptr[row]; p < end; p++) {
        int64_t inner = left_indices[p];
        if (p + 2 * RECO_AHEAD < end) RECO_PREFETCH(&right_indptr[left_indices[p + 2 * RECO_AHEAD]]);
        if (p + RECO_AHEAD < end)
            reco_prefetch_row(right_indptr, right_indices, right_data, left_indices[p + RECO_AHEAD]);
        count = reco_add_row(right_indices, right_data, right_indptr[inner], right_indptr[inner + 1], left_data[p],
                             acc, touched, count);
    }
    float norm = row_norm[row];
    for (int64_t t = 0; t < count; t++) {
        int32_t column = touched[t];
        float dot = acc[column];
        acc[column] = 0.0f;
        if (skip_diagonal && column == row) continue;
        float score = dot / (norm * col_norm[column] + shrink);
        reco_top_offer(&top, score, column);
    }
    return reco_top_list(&top, out_indices, out_scores);
}

/* x ln x, 0 at 0. */
static inline double reco_xlogx(double x) { return x > 0.0 ? x * log(x) : 0.0; }

/* Dunning's G2 of a 2x2 table of co-occurrence. */
static inline double reco_g2(double both, double only_a, double only_b, double neither) {
    double total = both + only_a + only_b + neither;
    return 2.0 * (reco_xlogx(both) + reco_xlogx(only_a) + reco_xlogx(only_b) + reco_xlogx(neither) + reco_xlogx(total)
                  - reco_xlogx(both + only_a) - reco_xlogx(only_b + neither)
                  - reco_xlogx(both + only_b) - reco_xlogx(only_a + neither));
}

/* Partners of one item: baskets that hold both, tested, ranked by damped confidence. */
static int64_t reco_together_row(int64_t item, const int64_t *item_indptr, const int32_t *item_baskets,
                                 const int64_t *basket_indptr, const int32_t *basket_items, const float *basket_weight,
                                 const int64_t *popularity, const float *col_norm, int64_t n_baskets,
                                 int64_t min_support, double threshold, double damping, int64_t k, float *acc,
                                 int32_t *counts, int32_t *touched, uint64_t *keys, int64_t room, int32_t *out_indices,
                                 float *out_scores, int32_t *out_support) {
    int64_t count = 0, size, end = item_indptr[item + 1];
    reco_top top = {keys, 0, 0, room, k};
    for (int64_t p = item_indptr[item]; p < end; p++) {
        int64_t basket = item_baskets[p];
        if (p + 2 * RECO_AHEAD < end) RECO_PREFETCH(&basket_indptr[item_baskets[p + 2 * RECO_AHEAD]]);
        if (p + RECO_AHEAD < end) {
            RECO_PREFETCH(&basket_items[basket_indptr[item_baskets[p + RECO_AHEAD]]]);
            RECO_PREFETCH(&basket_weight[item_baskets[p + RECO_AHEAD]]);
        }
        float weight = basket_weight[basket];
        for (int64_t q = basket_indptr[basket]; q < basket_indptr[basket + 1]; q++) {
            int32_t partner = basket_items[q];
            touched[count] = partner;
            count += counts[partner] == 0;
            counts[partner] += 1;
            acc[partner] += weight;
        }
    }
    double own = (double)popularity[item], all = (double)n_baskets;
    for (int64_t t = 0; t < count; t++) {
        int32_t partner = touched[t];
        double both = (double)counts[partner], other = (double)popularity[partner];
        if (partner == item || counts[partner] < min_support || both * all <= own * other) continue;
        if (threshold > 0.0 && reco_g2(both, own - both, other - both, all - own - other + both) < threshold) continue;
        float score = (float)(acc[partner] / ((own + damping) * col_norm[partner]));
        reco_top_offer(&top, score, partner);
    }
    size = reco_top_list(&top, out_indices, out_scores);
    for (int64_t t = 0; t < size; t++) out_support[t] = counts[out_indices[t]];
    for (int64_t t = 0; t < count; t++) {
        acc[touched[t]] = 0.0f;
        counts[touched[t]] = 0;
    }
    return size;
}

#endif
