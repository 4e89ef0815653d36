package faults

import (
	"os"
	"runtime"
	"time"
)

// A reading is what the process holds while nobody calls.
type reading struct {
	heap, inUse uint64 // bytes
	goroutines  int
	dialed      int // connections open, by the client's count
	accepted    int // and by the server's
	files       int // file descriptors; -1 where the system does not tell
}

// readWhenStill waits until what calls have left under way has ended, such as the server's end of a connection that is
// closed, and then takes a reading.
func readWhenStill(servers []*platformServer) reading {
	last := readCounts(servers)
	for still, tries := 0, 0; still < 10 && tries < 500; tries++ {
		time.Sleep(20 * time.Millisecond)
		r := readCounts(servers)
		still++
		if r != last {
			last, still = r, 0
		}
	}
	runtime.GC()
	runtime.GC() // a sync.Pool lets go at the second one
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	last.heap, last.inUse = memory.HeapAlloc, memory.HeapInuse
	return last
}

func readCounts(servers []*platformServer) reading {
	r := reading{goroutines: runtime.NumGoroutine(), files: openFiles()}
	for _, s := range servers {
		dialed, _, _ := s.dialed.now()
		accepted, _, _ := s.accepted.now()
		r.dialed += dialed
		r.accepted += accepted
	}
	return r
}

// openFiles counts file descriptors where the system lists them, as Linux does, and returns -1 elsewhere.
func openFiles() int {
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return -1
	}
	return len(files)
}
