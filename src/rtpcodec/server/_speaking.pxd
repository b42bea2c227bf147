"""The hot methods of a Call for other Cython code."""
from rtpcodec.pump._driving cimport PumpFastPath


cdef class CallFastPath:
    cdef public PumpFastPath _pump
    cdef public object _access         # LoopAccess
    cdef public object _machine        # its method `machine`
    cdef public object _parts          # CallParts
    cdef unsigned long _thread_id
    cdef bint plays_at_once(self) except -1
