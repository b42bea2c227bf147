/* The AVX2 form of G.722, where there is one. */
#ifndef RTPCODEC_G722_FORMS_H
#define RTPCODEC_G722_FORMS_H

#include "rtpcodec/kernels/g722_state.h"
#include "rtpcodec/kernels/simd/cpu.h"

#if RTPCODEC_HAVE_AVX2_FORMS

#include "rtpcodec/kernels/simd/g722_avx2_decode.h"
#include "rtpcodec/kernels/simd/g722_lanes.h"

/* NULL where the processor has no AVX2. */
static const rtpcodec_g722_form* rtpcodec_g722_avx2_form(void) {
    static const rtpcodec_g722_form form = {
        "avx2",           g722_transmit_qmf,       g722_avx2_encode_bands,  g722_avx2_decode_bands,
        g722_receive_qmf, g722_lanes_encode_bands, g722_lanes_decode_bands,
    };
    if (!rtpcodec_cpu_has_avx2()) {
        return 0;
    }
    g722_prepare();
    g722_prepare_lanes();
    return &form;
}

#else

static const rtpcodec_g722_form* rtpcodec_g722_avx2_form(void) { return 0; }

#endif
#endif
