package sandbox

// outbox holds the messages that were sent, the newest maxKept of them.
type outbox[M any] struct {
	byAddress map[string][]M // oldest first, never empty
	queue     []string       // the address of every message, oldest first
}

func newOutbox[M any]() outbox[M] {
	return outbox[M]{byAddress: make(map[string][]M)}
}

func (o *outbox[M]) add(address string, message M) {
	if len(o.queue) == maxKept {
		o.dropOldest()
	}
	o.byAddress[address] = append(o.byAddress[address], message)
	o.queue = append(o.queue, address)
}

func (o *outbox[M]) dropOldest() {
	address := o.queue[0]
	messages := o.byAddress[address]
	clear(o.queue[:1]) // let go of what they hold even while the arrays live on
	clear(messages[:1])
	o.queue = o.queue[1:]
	o.byAddress[address] = messages[1:]
	if len(o.byAddress[address]) == 0 {
		delete(o.byAddress, address)
	}
}
