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
sequences; no allocation. Whether a product may be offered is asked only where a source chooses its best. A workspace is
clean between requests: sums, likeness and flags are 0.
"""

import numpy as np

from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t

from recomengine._core.encoder cimport DIM, Encoder, encode, score
from recomengine._core.sources cimport DISTANCES, ENCODED, LENGTHS, RANKING, SESSIONS, TABLE, Neighbours, Sequences, Source

cdef extern from "math.h" nogil:
    float powf(float base, float exponent)

cdef extern from "sparse.h" nogil:
    uint64_t reco_key(float score, int32_t index)
    uint64_t reco_signed_key(float score, int32_t index)
    float reco_key_score(uint64_t key)
    int32_t reco_key_index(uint64_t key)
    void reco_select(uint64_t *keys, int64_t size, int64_t k)
    void reco_sort(uint64_t *keys, int64_t size)
    void RECO_PREFETCH(const void *address)
    ctypedef struct reco_top:
        uint64_t *keys
        uint64_t floor
        int64_t size, room, k
    void reco_top_take(reco_top *top, uint64_t key)
    void reco_top_cut(reco_top *top)

SUM = np.dtype([("total", np.float32), ("best", np.float32), ("seed", np.int32), ("place", np.int32)])
LIKENESS = np.dtype([("sum", np.float32), ("seed", np.int32)])

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
            self.sums, self.scores = np.zeros(size, SUM), np.zeros(size, np.float32)
            self.touched = np.zeros(size + 1, np.int32)
            self.ago, self.times_seen, self.times_bought = (np.zeros(size, np.int32) for _ in range(3))
            self.state, self.flags = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
            self.size = size
        if n_sessions > self.n_sessions:
            n_sessions += n_sessions // 4
            self.likeness = np.zeros(n_sessions, LIKENESS)
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


cdef inline reco_top _top_of(Workspace w, int64_t k) noexcept nogil:
    """For the best k of what is offered to it, at most as many as there are keys less one."""
    cdef reco_top top
    top.keys, top.floor, top.size, top.k = &w.keys[0], 0, 0, k
    top.room = min(2 * k, w.keys.shape[0])
    return top


cdef inline int64_t _credit(Sum *sums, int32_t *touched, int64_t n, int32_t item, float value,
                            int32_t seed) noexcept nogil:
    """Add `value` to what the current source says of `item`; how many items it says something of. Without a branch:
    which item comes next is not to be guessed."""
    cdef Sum *sum = &sums[item]
    cdef bint new = sum.seed == 0, better = new or value > sum.best
    touched[n] = item
    sum.best = value if better else sum.best
    sum.seed = seed + 1 if better else sum.seed
    sum.total += value
    return n + new


cdef void _gather_table(Workspace w, Neighbours t, const int32_t[::1] seeds, const float *weights) noexcept nogil:
    cdef int64_t k, p, n = w.n_touched, rows = t.indptr.shape[0] - 1
    cdef const int64_t *indptr = &t.indptr[0]
    cdef const int32_t *indices = &t.indices[0]
    cdef const float *data = &t.data[0]
    cdef Sum *sums = &w.sums[0]
    cdef int32_t *touched = &w.touched[0]
    cdef int32_t seed
    cdef float weight
    for k in range(seeds.shape[0]):
        if weights[k] > 0.0 and 0 <= seeds[k] < rows:
            RECO_PREFETCH(&indices[indptr[seeds[k]]])
            RECO_PREFETCH(&data[indptr[seeds[k]]])
    for k in range(seeds.shape[0]):
        seed, weight = seeds[k], weights[k]
        if weight > 0.0 and 0 <= seed < rows:
            for p in range(indptr[seed], indptr[seed + 1]):
                n = _credit(sums, touched, n, indices[p], weight * data[p], seed)
    w.n_touched = n


cdef void _gather_given(Workspace w, const int32_t[::1] items, const float[::1] scores) noexcept nogil:
    cdef int64_t k
    for k in range(items.shape[0]):
        if scores[k] > 0.0 and 0 <= items[k] < w.size:
            w.n_touched = _credit(&w.sums[0], &w.touched[0], w.n_touched, items[k], scores[k], items[k])


cdef void _gather_ranking(Workspace w, const Filter *f, const int32_t[::1] items,
                          const float[::1] scores) noexcept nogil:
    """The best DEPTH eligible ones of a list that is sorted already."""
    cdef int64_t k
    for k in range(items.shape[0]):
        if w.n_touched == DEPTH:
            return
        if scores[k] > 0.0 and 0 <= items[k] < w.size and eligible(&w.state[0], f, items[k]):
            w.n_touched = _credit(&w.sums[0], &w.touched[0], w.n_touched, items[k], scores[k], items[k])


cdef void _gather_sessions(Workspace w, Source s, Sequences q, const int32_t[::1] seeds,
                           const float *weights) noexcept nogil:
    cdef int64_t k, p, start, end, match, distance, n = w.n_touched, chosen = _most_alike(w, s, q, seeds, weights)
    cdef const int32_t *items = &q.items[0]
    cdef const float *by_distance = &s.by_distance[0]
    cdef Sum *sums = &w.sums[0]
    cdef int32_t *touched = &w.touched[0]
    cdef int32_t session, seed
    cdef float weight, value, back = s.back
    for k in range(chosen):
        session = NEWEST - reco_key_index(w.keys[k])
        value = reco_key_score(w.keys[k])
        start, end = q.indptr[session], q.indptr[session + 1]
        seed = w.likeness[session].seed
        match = end - 1
        while match > start and items[match] != seed:
            match -= 1
        for p in range(start, end):
            distance = p - match
            weight = value if distance >= 0 else value * back
            if distance < 0:
                distance = -distance
            weight *= by_distance[min(distance, DISTANCES - 1)]
            if weight > 0.0:
                n = _credit(sums, touched, n, items[p], weight, seed)
    w.n_touched = n


cdef int64_t _most_alike(Workspace w, Source s, Sequences q, const int32_t[::1] seeds,
                         const float *weights) noexcept nogil:
    """How many sequences are most like the running one; in w.keys, the most alike first. In `likeness` stays which of
    the seeds each has."""
    cdef int64_t k, p, n_touched = 0, start, end, length
    cdef const int32_t *where = &q.where[0]
    cdef const int64_t *indptr = &q.indptr[0]
    cdef const float *by_length = &s.by_length[0]
    cdef Likeness *all_likeness = &w.likeness[0]
    cdef Likeness *likeness
    cdef int32_t *touched = &w.session_touched[0]
    cdef int32_t session, seed
    cdef bint new
    cdef float weight, value
    cdef reco_top top
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
            likeness = &all_likeness[where[p]]
            new = likeness.sum == 0.0
            touched[n_touched] = where[p]
            n_touched += new
            likeness.seed = seed if new else likeness.seed
            likeness.sum += weight
    top = _top_of(w, s.neighbours)
    for k in range(n_touched):
        session = touched[k]
        value = all_likeness[session].sum
        all_likeness[session].sum = 0.0
        length = indptr[session + 1] - indptr[session]
        value *= by_length[length] if length < LENGTHS else powf(<float> length, -s.length)
        reco_top_take(&top, reco_key(value, NEWEST - session))
    reco_top_cut(&top)
    reco_sort(&w.keys[0], top.size)
    return top.size


cdef void _collect(Workspace w, int source, const Filter *f) noexcept nogil:
    """The best DEPTH of the current source become candidates, with its two features."""
    cdef int64_t t
    cdef uint64_t key
    cdef int32_t item
    cdef Sum *sums = &w.sums[0]
    cdef float highest
    cdef reco_top top = _top_of(w, DEPTH)
    for t in range(w.n_touched):
        item = w.touched[t]
        if sums[item].total > 0.0:
            key = reco_key(sums[item].total, item)
            if key > top.floor and eligible(&w.state[0], f, item):
                reco_top_take(&top, key)
    reco_top_cut(&top)
    reco_sort(&w.keys[0], top.size)
    highest = reco_key_score(w.keys[0])
    for t in range(top.size):
        item = reco_key_index(w.keys[t])
        _put_forward(w, source, item, reco_key_score(w.keys[t]) / highest, t, sums[item].seed - 1)
    _clear_touched(w)


cdef inline void _put_forward(Workspace w, int source, int32_t item, float share, int64_t rank,
                              int32_t seed) noexcept nogil:
    cdef int32_t at = w.sums[item].place - 1
    if at < 0:
        at = <int32_t> w.n_candidates
        w.sums[item].place = at + 1
        w.candidates[at] = item
        w.n_candidates += 1
        w.features[at, :] = 0.0
    w.features[at, 2 * source] = share
    w.features[at, 2 * source + 1] = 3.0 / (rank + 3.0)
    w.seed_of[at, source] = seed


cdef void _collect_encoded(Workspace w, int source, const Filter *f, Encoder e, const int32_t[::1] seeds) noexcept nogil:
    """The best DEPTH of what an encoder scores become candidates, with its two features. Their seeds are named
    when they are in a list."""
    cdef float[DIM] query
    cdef int64_t t, k, n = 0
    cdef int32_t item
    cdef float lowest, span
    cdef reco_top top = _top_of(w, DEPTH)
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
    score(e, &w.touched[0], n, query, &w.scores[0])
    for t in range(n):
        reco_top_take(&top, reco_signed_key(w.scores[t], w.touched[t]))
        w.sums[w.touched[t]].best = w.scores[t]
    reco_top_cut(&top)
    reco_sort(&w.keys[0], top.size)
    lowest = w.sums[reco_key_index(w.keys[top.size - 1])].best
    span = w.sums[reco_key_index(w.keys[0])].best - lowest
    for t in range(top.size):
        item = reco_key_index(w.keys[t])
        _put_forward(w, source, item, (w.sums[item].best - lowest) / span if span > 0.0 else 1.0, t, TO_BE_NAMED)
    w.n_touched = n
    _clear_touched(w)


cdef inline int64_t _touch(Workspace w, const Filter *f, int32_t item, int64_t n) noexcept nogil:
    """Note an item once; how many are noted."""
    if w.sums[item].seed or not eligible(&w.state[0], f, item):
        return n
    w.sums[item].seed = item + 1
    w.touched[n] = item
    return n + 1


cdef void _clear_touched(Workspace w) noexcept nogil:
    cdef int64_t t
    for t in range(w.n_touched):
        w.sums[w.touched[t]].total, w.sums[w.touched[t]].seed = 0.0, 0
    w.n_touched = 0


cdef void gather(Workspace w, int number, Source s, const Filter *f, const int32_t[::1] seeds,
                 const float[:, ::1] profiles,
                 const int32_t[::1] own_items, const float[::1] own_weights):
    """The best of source `number` become candidates."""
    cdef Neighbours t
    cdef Sequences q
    if s.form == ENCODED:
        if s.encoder is not None:
            _collect_encoded(w, number, f, s.encoder, seeds)
        return
    if s.form == TABLE:
        for t in s.tables:
            _gather_table(w, t, seeds, &profiles[s.profile, 0])
    elif s.form == SESSIONS:
        for q in s.sequences:
            _gather_sessions(w, s, q, seeds, &profiles[s.profile, 0])
    elif s.form == RANKING:
        _gather_ranking(w, f, s.items, s.scores)
    else:
        _gather_given(w, own_items, own_weights)
    _collect(w, number, f)
