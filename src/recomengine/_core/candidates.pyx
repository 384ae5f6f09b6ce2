"""The candidates of a request: what each source puts on top, and what it says of it.

Each source s gives every eligible product a score e_s(j) >= 0 and keeps its best DEPTH, ties to the smaller number:
    Table     e(j) = Σ_{k ∈ seeds} w_k · Σ_{tables T} T[k, j]       neighbours of the seeds; what falls to 0 is left out
    Sessions  e(j) = Σ_{n ∈ N} sim(n) · Σ_{p: n[p] = j} λ^|p - pos_n(match)|      sequences like the running one
              sim(n) = Σ_{k ∈ seeds ∩ n} w_k · idf_k / |n|^length    N: the `neighbours` most similar, ties to the newer
              match: the first of the seeds that is in n, at its last place there; what comes before it counts `back`
              times
    Ranking   e(j) given, the same for everybody
    Own       e(j) given with the request
    Encoded   e(j) = v(j) · q, see encoder.pyx, of the products of a catalog of at most SCANNED, else of the candidates of
              the sources before it and of what is near to the first NEAR seeds; of any sign
The candidates are the union, each with e_s(j) / max e_s and 3 / (rank_s(j) + 3) for each source, ranks from 0. Of an
encoder, whose e is a logarithm, the first is how far e lies from the lowest of its best DEPTH to the highest.

Sessions follow VMIS-kNN (Kersbergen et al. 2022: only the newest `sample` sequences of each seed are looked at) with
the position weights of V-STAN (Garg et al. 2019). Cost: the entries of the seeds' rows, the items of the sampled
sequences; no allocation. A workspace is clean between requests: acc, similarity and flags 0, best_seed and place -1.
"""

import numpy as np

from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t

from recomengine._core.encoder cimport DIM, Encoder, encode, score
from recomengine._core.sources cimport DISTANCES, ENCODED, RANKING, SESSIONS, TABLE, Neighbours, Sequences, Source

cdef extern from "math.h" nogil:
    float powf(float base, float exponent)

cdef extern from "sparse.h" nogil:
    uint64_t reco_key(float score, int32_t index)
    uint64_t reco_signed_key(float score, int32_t index)
    float reco_key_score(uint64_t key)
    int32_t reco_key_index(uint64_t key)
    void reco_select(uint64_t *keys, int64_t size, int64_t k)
    void reco_sort(uint64_t *keys, int64_t size)

cdef enum:
    NEWEST = 0x7fffffff
    SCANNED = 4000
    NEAR = 8


cdef class Workspace:
    """Scratch of `rank`, grown to the largest catalog and the most sequences seen. One a thread; not shared."""
    def __init__(self):
        self.size = self.n_sessions = self.n_touched = self.n_paths = self.n_chosen = self.n_named = 0
        self.n_sources = 0
        self._grow(1024, 1024, 1, 100)
        self._grow_paths(64)

    cdef int _grow(self, int64_t size, int64_t n_sessions, int n_sources, int64_t limit) except -1:
        """Each size is set last: an array that could not be had leaves a workspace that is too small by its own
        account.
        """
        if size > self.size:
            size += size // 4
            self.acc, self.best = np.zeros(size, np.float32), np.zeros(size, np.float32)
            self.best_seed, self.place = np.full(size, -1, np.int32), np.full(size, -1, np.int32)
            self.touched = np.zeros(size + 1, np.int32)
            self.ago, self.times_seen, self.times_bought = (np.zeros(size, np.int32) for _ in range(3))
            self.state, self.flags = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
            self.size = size
        if n_sessions > self.n_sessions:
            n_sessions += n_sessions // 4
            self.similarity, self.hit = np.zeros(n_sessions, np.float32), np.zeros(n_sessions, np.int32)
            self.session_touched = np.zeros(n_sessions + 1, np.int32)
            self.n_sessions = n_sessions
        if n_sources != self.n_sources:
            self.n_sources = -1
            self.candidates, self.total = np.zeros(n_sources * DEPTH, np.int32), np.zeros(n_sources * DEPTH, np.float32)
            self.features = np.zeros((n_sources * DEPTH, 2 * n_sources + N_FEATURES), np.float32)
            self.seed_of = np.zeros((n_sources * DEPTH, n_sources), np.int32)
            self.n_sources = n_sources
        if limit > self.n_chosen:
            self.chosen, self.chosen_at = np.zeros(limit, np.int32), np.zeros(limit, np.int32)
            self.n_chosen = limit
        widest = max(self.size, self.n_sessions, self.n_sources * DEPTH) + 1
        if self.keys is None or len(self.keys) < widest:
            self.keys = np.zeros(widest, np.uint64)
        return 0

    cdef int _grow_paths(self, int64_t count) except -1:
        self.path_count, self.path_at_hand = np.zeros(2 * count, np.int32), np.zeros(2 * count, np.uint8)
        self.n_paths = 2 * count
        return 0


cdef inline void _credit(Workspace w, const Filter *f, int32_t item, float value, int32_t seed) noexcept nogil:
    """Add `value` to what the current source says of `item`."""
    if not eligible(&w.state[0], f, item):
        return
    if w.best_seed[item] < 0:
        w.touched[w.n_touched] = item
        w.n_touched += 1
        w.best[item] = value
        w.best_seed[item] = seed
    w.acc[item] += value
    if value > w.best[item]:
        w.best[item] = value
        w.best_seed[item] = seed


cdef void _gather_table(Workspace w, const Filter *f, const int64_t[::1] indptr, const int32_t[::1] indices,
                        const float[::1] data,
                        const int32_t[::1] seeds, const float *weights) noexcept nogil:
    cdef int64_t k, p
    for k in range(seeds.shape[0]):
        if weights[k] <= 0.0 or seeds[k] < 0 or seeds[k] >= indptr.shape[0] - 1:
            continue
        for p in range(indptr[seeds[k]], indptr[seeds[k] + 1]):
            _credit(w, f, indices[p], weights[k] * data[p], seeds[k])


cdef void _gather_given(Workspace w, const Filter *f, const int32_t[::1] items, const float[::1] scores) noexcept nogil:
    cdef int64_t k
    for k in range(items.shape[0]):
        if scores[k] > 0.0 and 0 <= items[k] < w.size:
            _credit(w, f, items[k], scores[k], items[k])


cdef void _gather_ranking(Workspace w, const Filter *f, const int32_t[::1] items,
                            const float[::1] scores) noexcept nogil:
    """The best DEPTH eligible ones of a list that is sorted already."""
    cdef int64_t k
    for k in range(items.shape[0]):
        if w.n_touched == DEPTH:
            return
        if scores[k] > 0.0 and 0 <= items[k] < w.size:
            _credit(w, f, items[k], scores[k], items[k])


cdef void _gather_sessions(Workspace w, const Filter *f, Source s, Sequences q, const int32_t[::1] seeds,
                           const float *weights) noexcept nogil:
    cdef int64_t k, p, n_touched = 0, start, end, match, chosen, distance
    cdef int32_t session, seed
    cdef float weight, value
    for k in range(seeds.shape[0]):
        seed = seeds[k]
        if weights[k] <= 0.0 or seed < 0 or seed >= q.n_items:
            continue
        weight = weights[k] * q.idf[seed]
        if weight <= 0.0:
            continue
        start, end = q.at[seed], q.at[seed + 1]
        if end - start > s.sample:
            start = end - s.sample
        for p in range(start, end):
            session = q.where[p]
            if w.similarity[session] == 0.0:
                w.session_touched[n_touched] = session
                n_touched += 1
                w.hit[session] = seed
            w.similarity[session] += weight
    for k in range(n_touched):
        session = w.session_touched[k]
        value = w.similarity[session]
        w.similarity[session] = 0.0
        if s.length > 0.0:
            value *= powf(<float> (q.indptr[session + 1] - q.indptr[session]), -s.length)
        w.keys[k] = reco_key(value, NEWEST - session)
    chosen = n_touched
    if n_touched > s.neighbours:
        reco_select(&w.keys[0], n_touched, s.neighbours)
        chosen = s.neighbours
    reco_sort(&w.keys[0], chosen)
    for k in range(chosen):
        session = NEWEST - reco_key_index(w.keys[k])
        value = reco_key_score(w.keys[k])
        seed = w.hit[session]
        start, end = q.indptr[session], q.indptr[session + 1]
        match = end - 1
        while match > start and q.items[match] != seed:
            match -= 1
        for p in range(start, end):
            distance = p - match
            weight = value if distance >= 0 else value * s.back
            if distance < 0:
                distance = -distance
            weight *= s.by_distance[min(distance, DISTANCES - 1)]
            if weight > 0.0:
                _credit(w, f, q.items[p], weight, seed)


cdef void _collect(Workspace w, int source, int64_t depth) noexcept nogil:
    """The best `depth` of the current source become candidates, with its two features."""
    cdef int64_t t, n = 0, chosen
    cdef int32_t item
    cdef float highest
    for t in range(w.n_touched):
        item = w.touched[t]
        if w.acc[item] > 0.0:
            w.keys[n] = reco_key(w.acc[item], item)
            n += 1
        w.acc[item] = 0.0
    chosen = n
    if n > depth:
        reco_select(&w.keys[0], n, depth)
        chosen = depth
    reco_sort(&w.keys[0], chosen)
    if chosen == 0:
        _clear_touched(w)
        return
    highest = reco_key_score(w.keys[0])
    for t in range(chosen):
        item = reco_key_index(w.keys[t])
        _put_forward(w, source, item, reco_key_score(w.keys[t]) / highest, t, w.best_seed[item])
    _clear_touched(w)


cdef inline void _put_forward(Workspace w, int source, int32_t item, float share, int64_t rank,
                              int32_t seed) noexcept nogil:
    cdef int32_t at = w.place[item]
    if at < 0:
        at = <int32_t> w.n_candidates
        w.place[item] = at
        w.candidates[at] = item
        w.n_candidates += 1
        w.features[at, :] = 0.0
    w.features[at, 2 * source] = share
    w.features[at, 2 * source + 1] = 3.0 / (rank + 3.0)
    w.seed_of[at, source] = seed


cdef void _collect_encoded(Workspace w, int source, const Filter *f, Encoder e, const int32_t[::1] seeds,
                           int64_t depth) noexcept nogil:
    """The best `depth` of what an encoder scores become candidates, with its two features. Their seeds are named
    when they are in a list."""
    cdef float[DIM] query
    cdef int64_t t, k, chosen, n = 0
    cdef int32_t item
    cdef float lowest, span
    w.n_named = encode(e, seeds, query, w.named, w.moved)
    if w.n_named == 0:
        return
    if e.size <= SCANNED:
        for t in range(e.size):
            n = _touch(w, f, e.items[t], n)
    else:
        for t in range(w.n_candidates):
            if w.candidates[t] < e.n_items and e.rows[w.candidates[t]] >= 0:
                n = _touch(w, f, w.candidates[t], n)
        for k in range(min(w.n_named, NEAR)):
            for t in range(e.near.shape[1]):
                n = _touch(w, f, e.items[e.near[e.rows[w.named[k]], t]], n)
    if n == 0:
        return
    score(e, &w.touched[0], n, query, &w.best[0])
    for t in range(n):
        w.keys[t] = reco_signed_key(w.best[t], w.touched[t])
        w.acc[w.touched[t]] = w.best[t]
    chosen = min(n, depth)
    if n > depth:
        reco_select(&w.keys[0], n, depth)
    reco_sort(&w.keys[0], chosen)
    lowest = w.acc[reco_key_index(w.keys[chosen - 1])]
    span = w.acc[reco_key_index(w.keys[0])] - lowest
    for t in range(chosen):
        item = reco_key_index(w.keys[t])
        _put_forward(w, source, item, (w.acc[item] - lowest) / span if span > 0.0 else 1.0, t, TO_BE_NAMED)
    for t in range(n):
        w.acc[w.touched[t]] = 0.0
    w.n_touched = n
    _clear_touched(w)


cdef inline int64_t _touch(Workspace w, const Filter *f, int32_t item, int64_t n) noexcept nogil:
    """Note an item once; how many are noted."""
    if w.best_seed[item] >= 0 or not eligible(&w.state[0], f, item):
        return n
    w.best_seed[item] = item
    w.touched[n] = item
    return n + 1


cdef void _clear_touched(Workspace w) noexcept nogil:
    cdef int64_t t
    for t in range(w.n_touched):
        w.best_seed[w.touched[t]] = -1
    w.n_touched = 0


cdef void gather(Workspace w, int number, Source s, const Filter *f, const int32_t[::1] seeds,
                 const float[:, ::1] profiles,
                 const int32_t[::1] own_items, const float[::1] own_weights):
    """The best of source `number` become candidates."""
    cdef Neighbours t
    cdef Sequences q
    if s.form == ENCODED:
        if s.encoder is not None:
            _collect_encoded(w, number, f, s.encoder, seeds, DEPTH)
        return
    if s.form == TABLE:
        for t in s.tables:
            _gather_table(w, f, t.indptr, t.indices, t.data, seeds, &profiles[s.profile, 0])
    elif s.form == SESSIONS:
        for q in s.sequences:
            _gather_sessions(w, f, s, q, seeds, &profiles[s.profile, 0])
    elif s.form == RANKING:
        _gather_ranking(w, f, s.items, s.scores)
    else:
        _gather_given(w, f, own_items, own_weights)
    _collect(w, number, DEPTH)
