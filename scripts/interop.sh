#!/usr/bin/env bash
# Captures of ffmpeg, GStreamer and sipp over the loopback, decoded as they decode them, and figures of tshark: `interop.sh PYTHON [PYTEST ARGUMENT ...]`.
# Says which Debian packages are missing, and fails then. Needs the right to open packet sockets, as sipp does: root.
set -uo pipefail
python=$1
shift
missing=()

needs() { # PACKAGE COMMAND
    command -v "$2" >/dev/null || missing+=("$1")
}
needs_element() { # PACKAGE ELEMENT ...
    local package=$1 element
    shift
    for element in "$@"; do
        gst-inspect-1.0 "$element" >/dev/null 2>&1 || { missing+=("$package"); return; }
    done
}

needs ffmpeg ffmpeg
needs sip-tester sipp
needs tshark tshark
needs gstreamer1.0-tools gst-launch-1.0
if command -v gst-inspect-1.0 >/dev/null; then
    needs_element gstreamer1.0-plugins-base opusenc opusdec audioconvert
    needs_element gstreamer1.0-plugins-good wavparse mulawenc alawenc rtppcmupay rtpL16pay rtpopuspay rtpbin udpsink
    needs_element gstreamer1.0-plugins-bad pcapparse voamrwbenc
    needs_element gstreamer1.0-plugins-ugly amrwbdec
    needs_element gstreamer1.0-libav avenc_g722 avdec_g722
else
    missing+=(gstreamer1.0-plugins-{base,good,bad,ugly} gstreamer1.0-libav)
fi
if [ ${#missing[@]} -gt 0 ]; then
    echo "interop: missing Debian packages: apt-get install ${missing[*]}"
    exit 1
fi
"$python" -c 'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)' 2>/dev/null ||
    { echo "interop: capturing and sipp need the right to open packet sockets (root, or CAP_NET_RAW)"; exit 1; }

# Files that pytest does not find by itself: `make test` has none of these programs.
exec "$python" -m pytest -q -p no:cacheprovider tests/interop/captures/{one_direction,both_directions,sip_calls,stream_figures,wireshark}.py "$@"
