package redistest

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

// StartCluster starts a cluster of three masters.
func StartCluster(tb testing.TB) (nodes []*Server) {
	tb.Helper()
	const masters, slots = 3, 16384
	for i := range masters {
		_, bus, _ := net.SplitHostPort(freeAddr(tb))
		node := Start(tb, "cluster-enabled yes", "cluster-port "+bus)
		node.MustDo("CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(i*slots/masters), strconv.Itoa((i+1)*slots/masters-1))
		for _, other := range nodes {
			other.MustDo("CLUSTER", "MEET", "127.0.0.1", node.Port(), bus)
		}
		nodes = append(nodes, node)
	}
	for _, node := range nodes {
		node.await("cluster_state:ok", "CLUSTER", "INFO")
		node.await(fmt.Sprint("cluster_known_nodes:", masters), "CLUSTER", "INFO")
	}
	return nodes
}

// A Replicated is a master with a replica, and three Sentinels that agree within a second that
// the master is down.
type Replicated struct {
	Master, Replica *Server
	Sentinels       []string // their addresses

	sentinels []*Server
}

// MasterName is the name by which the Sentinels know a Replicated.
const MasterName = "tokens"

// StartReplicated starts a Replicated.
func StartReplicated(tb testing.TB) *Replicated {
	tb.Helper()
	master := Start(tb)
	r := &Replicated{Master: master, Replica: Start(tb, "replicaof 127.0.0.1 "+master.Port())}
	r.Replica.await("master_link_status:up", "INFO", "replication")
	for range 3 {
		s := Start(tb, "sentinel monitor "+MasterName+" 127.0.0.1 "+master.Port()+" 2",
			"sentinel down-after-milliseconds "+MasterName+" 1000", "sentinel failover-timeout "+MasterName+" 3000")
		r.sentinels = append(r.sentinels, s)
		r.Sentinels = append(r.Sentinels, s.Addr)
	}
	for _, s := range r.sentinels {
		s.await("slaves=1,sentinels=3", "INFO", "sentinel")
	}
	return r
}

// await waits until a server's answer to a command says something.
func (s *Server) await(text string, args ...string) {
	s.tb.Helper()
	var answer string
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if answer, _ = s.Do(args...); strings.Contains(answer, text) {
			return
		}
	}
	s.tb.Fatalf("%s does not say %s: %s", strings.Join(args, " "), text, answer)
}

// AwaitFailover waits until the replica is master, and the Sentinels say so.
func (r *Replicated) AwaitFailover() {
	r.Replica.await("role:master", "INFO", "replication")
	for _, s := range r.sentinels {
		s.await("address=127.0.0.1:"+r.Replica.Port(), "INFO", "sentinel")
	}
}
