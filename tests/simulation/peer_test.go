package simulation

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
)

// A peer is the platform's end of one connection. It speaks HTTP/1.1 by hand, so that it can break off anywhere.
type peer struct {
	*world
	line *line
	conn net.Conn
	dies bool
}

func (p *peer) serve() {
	defer p.peers.Add(-1)
	defer p.conn.Close() //nolint:errcheck // an end of a pipe
	if p.dies {
		return
	}
	r := bufio.NewReaderSize(p.conn, 1024)
	for p.await(r) && p.serveOne(r) {
		p.limitIdling()
	}
}

// await waits for the first byte of a request.
func (p *peer) await(r *bufio.Reader) bool {
	_, err := r.Peek(1)
	_ = p.conn.SetReadDeadline(time.Time{})
	return err == nil
}

func (p *peer) limitIdling() {
	if d, closes := p.drawIdle(); closes {
		_ = p.conn.SetReadDeadline(time.Now().Add(d))
		p.met(closedWhileIdle)
	}
}

// serveOne takes a request and does with it what its script says. It reports whether the connection lives on.
func (p *peer) serveOne(r *bufio.Reader) bool {
	s := p.drawScript()
	d := p.arrived(p.line.owner.Load(), s)
	if s.fault == lostUnread {
		return false
	}
	req, err := http.ReadRequest(r)
	if err != nil {
		return false
	}
	d.op, d.fields = req.URL.Path, fieldsOf(req)
	p.add("platform: received %s of call %d, attempt %d, script: %v", d.op, d.call(), d.attemptNumber(), s.fault)
	if s.fault == lostBeforeEffect || s.fault == hangsBeforeEffect {
		return p.breakOff(s)
	}
	if !p.pause(s.before, s.deaf) {
		return false
	}
	reply := p.reply(d, s)
	if s.fault == lostAfterEffect || s.fault == hangsAfterEffect {
		return p.breakOff(s)
	}
	return p.pause(s.after, s.deaf) && p.answer(d, s, reply)
}

func (p *peer) breakOff(s script) bool {
	if s.fault == hangsBeforeEffect || s.fault == hangsAfterEffect {
		p.pause(2*time.Minute, false)
	}
	return false
}

// pause lets time pass, and reports whether to go on: not after the client has hung up, unless nobody notices.
func (p *peer) pause(d time.Duration, deaf bool) bool {
	if deaf {
		time.Sleep(d)
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.line.closed:
		return false
	}
}

func fieldsOf(req *http.Request) map[string]string {
	fields := map[string]string{}
	for key, values := range req.URL.Query() {
		fields[key] = values[0]
	}
	if body, err := io.ReadAll(req.Body); err == nil && len(body) > 0 {
		_ = json.Unmarshal(body, &fields)
	}
	return fields
}

// A reply is an answer before it is written.
type reply struct {
	status     int
	retryAfter string
	date       string
	html       bool
	body       string
	means      openplatform.Outcome // to a client that reads it to the end
	vague      bool                 // means several things, as an expiry that cannot be read does
}

// envelope leaves out what is the reader's alone, and would cost half of the time: the SDK looks for secrets in it.
func envelope(code, data string) string { return `{"code":"` + code + `","data":` + data + `}` }

const page = "<html><head><title>Bad Gateway</title></head><body>sorry</body></html>"

// reply carries the request out, if the script says so, and says what to answer.
func (p *peer) reply(d *delivery, s script) reply {
	switch s.fault {
	case busyStatus, busyCode:
		return busy(s)
	case rejection:
		return refuse(s, pick(s.dice, "400", "400003", "401004", "403001", "403002", "404001", "499777"))
	case systemError:
		if s.dice.chance(0.5) {
			p.carryOut(d)
		}
		return reply{status: pick(s.dice, 200, 500), body: envelope("500", "null")}
	}
	r := p.carryOut(d)
	switch s.fault {
	case busyAfterEffect:
		return busy(s)
	case garbage:
		return reply{status: pick(s.dice, 200, 200, 500), html: s.dice.chance(0.3), body: pick(s.dice, page, "", "{", "[]", "null",
			`{"code":"000"}{"code":"000"}`, `{"code":"000","code":"000","data":true}`, envelope("", "true"), "\xff\xfe", envelope("000", `"\xff"`),
			envelope("000", "17"), strings.Repeat(" ", 5000))}
	case successAtBadStatus:
		r.status = pick(s.dice, 400, 403, 500, 501)
		if r.means == openplatform.OutcomeSucceeded {
			r.means = openplatform.OutcomeUnknown
		}
	case redirect:
		return reply{status: pick(s.dice, 301, 302, 307, 308), body: "moved"}
	}
	return r
}

// busy is a platform or a gateway with too much to do.
func busy(s script) reply {
	status := pick(s.dice, 429, 502, 503, 503, 504)
	r := reply{status: status, html: true, body: page}
	if s.dice.chance(0.3) {
		r.retryAfter = pick(s.dice, "0", "1", "1", "2", "30", "99999999999999999999", "-1", "soon", "Sat, 01 Jan 2000 00:00:02 GMT")
	}
	if s.fault == busyStatus && s.dice.chance(0.5) {
		return r
	}
	r.html, r.body = false, envelope(strconv.Itoa(status)+pick(s.dice, "", "001"), "null")
	if s.fault == busyCode {
		r.status = 200
	}
	if status == http.StatusTooManyRequests {
		r.means = openplatform.OutcomeRejected
	}
	return r
}

// refuse is the platform's own no, at an HTTP status of 200 or that of the code.
func refuse(s script, code string) reply {
	status, _ := strconv.Atoi(code[:3])
	return reply{status: pick(s.dice, 200, status), body: envelope(code, "null"), means: openplatform.OutcomeRejected}
}

// answer writes r, or as much of it as the script has.
func (p *peer) answer(d *delivery, s script, r reply) bool {
	text := r.text()
	whole := true
	switch s.fault {
	case truncatedHead:
		text, whole = text[:s.dice.IntN(40)], false
	case truncatedBody, stalledBody:
		text, whole = text[:len(text)-1-s.dice.IntN(min(len(r.body), 30))], false
	}
	if _, err := io.WriteString(p.conn, text); err != nil {
		return false
	}
	if s.fault == stalledBody {
		p.pause(2*time.Minute, false)
	}
	if !whole {
		return false
	}
	p.answered(d, r)
	return true
}

func (r reply) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\nContent-Length: %d\r\n", r.status, http.StatusText(r.status), len(r.body))
	contentType := "application/json;charset=UTF-8"
	if r.html {
		contentType = "text/html"
	}
	b.WriteString("Content-Type: " + contentType + "\r\n")
	if isRedirect := r.status/100 == 3; isRedirect {
		b.WriteString("Location: http://elsewhere.test/\r\n")
	}
	if r.retryAfter != "" {
		b.WriteString("Retry-After: " + r.retryAfter + "\r\n")
	}
	if r.date != "" {
		b.WriteString("Date: " + r.date + "\r\n")
	}
	b.WriteString("\r\n" + r.body)
	return b.String()
}
