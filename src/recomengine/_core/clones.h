/* RECO_CLONES: compile a function for AVX-512, AVX2 and plain x86-64 and choose at load time, where possible. */
#ifndef RECO_CLONES_H
#define RECO_CLONES_H

#if defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__) && (!defined(__clang__) || __clang_major__ >= 14)
#define RECO_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define RECO_CLONES
#endif

#endif
