package simulation

import (
	"net/http"
	"strconv"
	"time"
)

var chinaStandardTime = time.FixedZone("CST", 8*60*60)

// What a platform can say of a token's end.
type expiry int

const (
	expiryRight expiry = iota
	expiryInUTC        // not China's time: eight hours too early
	expiryYearOne
	expiryFarFuture
	expiryUnreadable
	expiryMissing
)

func (e expiry) String() string {
	return [...]string{"right", "in UTC", "of the year 1", "in the far future", "unreadable", "missing"}[e]
}

// A clock is the platform's. It may be off from the true one, and lie about a token's end.
type clock struct {
	expiry  expiry
	offset  time.Duration
	date    bool // it tells its time in the Date header
	garbled bool // or something that is no time
	jumps   []jump
}

// A jump is another offset from a time on.
type jump struct {
	at     time.Duration
	offset time.Duration
}

func (c *clock) now(start, now time.Time) time.Time {
	offset := c.offset
	for _, j := range c.jumps {
		if now.Sub(start) >= j.at {
			offset = j.offset
		}
	}
	return now.Add(offset)
}

// A telling is what the platform says of a token's end.
type telling struct {
	expired, date string
	// life is how long the token lives as far as a client can read it, 0 if it cannot.
	life time.Duration
	// sane says that this is near the truth.
	sane bool
}

// tolerableOffset is how far off a clock may be without harm to a token of hours, should its answers have no Date.
const tolerableOffset = 4 * time.Minute

// tell returns what the platform says at now of a token that truly ends at ends.
func (c *worldClock) tell(now, ends time.Time) telling {
	theirs := c.now(c.start, now)
	var t telling
	reference := now
	if c.date {
		t.date = theirs.UTC().Format(http.TimeFormat)
		reference = theirs.Truncate(time.Second)
	}
	if c.garbled {
		t.date, reference = "yesterday", now
	}
	off := theirs.Sub(now)
	end := ends.Add(off).In(chinaStandardTime)
	switch c.expiry {
	case expiryInUTC:
		end = end.Add(-8 * time.Hour)
	case expiryYearOne:
		end = time.Date(1, 1, 1, 0, 0, 0, 0, chinaStandardTime)
	case expiryFarFuture:
		end = time.Date(9999, 12, 31, 23, 59, 59, 0, chinaStandardTime)
	case expiryUnreadable:
		t.expired = `"soon"`
		return t
	case expiryMissing:
		t.expired = "null"
		return t
	}
	t.expired = strconv.Quote(end.Format(time.DateTime))
	t.life = max(0, min(end.Truncate(time.Second).Sub(reference), longestLife))
	// Without its Date, a clock that is minutes off does no harm to a token of hours.
	tolerable := off.Abs() <= tolerableOffset && (off == 0 || ends.Sub(now) >= 30*time.Minute)
	t.sane = c.expiry == expiryRight && (c.date && !c.garbled || tolerable)
	return t
}

type worldClock struct {
	clock
	start time.Time
}

func drawClock(d dice, horizon time.Duration) clock {
	c := clock{date: d.chance(0.7)}
	if d.chance(0.5) {
		return c
	}
	c.expiry = pick(d, expiryRight, expiryRight, expiryInUTC, expiryYearOne, expiryFarFuture, expiryUnreadable, expiryMissing)
	c.offset = pick(d, 0, d.upTo(4*time.Minute), -d.upTo(4*time.Minute), d.upTo(72*time.Hour), -d.upTo(72*time.Hour))
	c.garbled = d.chance(0.1)
	if d.chance(0.5) {
		c.jumps = append(c.jumps, jump{at: d.upTo(horizon), offset: pick(d, 0, d.upTo(30*time.Hour), -d.upTo(30*time.Hour))})
	}
	return c
}
