"""The fast path of a Call, for other Cython code."""
from rtpcodec.pump._driving cimport PumpCore


cdef class CallFastPath:
    cdef public PumpCore _pump
    cdef public object _access         # LoopAccess
    cdef public object _machine        # its method `machine`
    cdef public object _parts          # CallParts
    cdef unsigned long _thread_id
    cdef bint plays_at_once(self) except -1
