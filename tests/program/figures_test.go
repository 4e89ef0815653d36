package program

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/internal/evidence"
	"github.com/ebaas/openplatform-go/internal/tables"
)

var long = flag.Bool("long", false, "run the long mode: a million requests, rounds of 5 seconds")

// caller sends requests over connections that it keeps.
type caller struct {
	t    *testing.T
	url  string
	http *http.Client
}

func (p *process) caller(connections int) *caller {
	p.t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: connections}
	p.t.Cleanup(transport.CloseIdleConnections)
	return &caller{t: p.t, url: p.url, http: &http.Client{Transport: transport}}
}

func (c *caller) get(path string) (body string, err error) {
	response, err := c.http.Get(c.url + path)
	return read(response, err)
}

func (c *caller) post(path, body string) (string, error) {
	response, err := c.http.Post(c.url+path, "application/json", strings.NewReader(body))
	return read(response, err)
}

func read(response *http.Response, err error) (string, error) {
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	return string(body), err
}

// answer of every picture: the program is told to show it.
const answer = "ACEF"

// sendSMS has an SMS sent: two requests.
func (c *caller) sendSMS(mobile string) error {
	picture, err := c.post("/oauth/api/account/getImgCode", "{}")
	if err != nil {
		return err
	}
	var in struct {
		Data struct {
			ImgCodeID string `json:"img_code_id"`
		}
	}
	if err := json.Unmarshal([]byte(picture), &in); err != nil {
		return err
	}
	sent, err := c.post("/oauth/api/account/sendSmsCode", fmt.Sprintf(
		`{"mobile": %q, "img_code_id": %q, "img_code": %q, "sms_type": "LOGIN"}`, mobile, in.Data.ImgCodeID, answer))
	if err == nil && !strings.Contains(sent, `"000"`) {
		err = fmt.Errorf("no SMS was sent: %s", sent)
	}
	return err
}

// each runs work with numbers from 0 to n-1, many at a time.
func each(t *testing.T, n, atATime int, work func(i int) error) {
	t.Helper()
	var next atomic.Int64
	var workers sync.WaitGroup
	for range atATime {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && !t.Failed(); i = int(next.Add(1)) - 1 {
				assert.NoError(t, work(i))
			}
		})
	}
	workers.Wait()
	require.False(t, t.Failed())
}

// words are the tables' words in Chinese.
var words = map[string]string{
	"figure": "指标", "measured": "实测", "wanted": "目标",
	"binary, stripped": "可执行文件（去掉符号）",
	"at most 12 MB":    "不超过 12 MB",
	"ready after its start, median and worst of 5":                                       "启动到就绪，5 次的中位数和最大值",
	"resident memory, idle, most of 5":                                                   "空闲时的常驻内存，5 次中的最大值",
	"500 requests wait, each for its phone: an SMS is heard of, median and worst of 100": "500 个请求各等一个手机号：收到短信的耗时，100 次的中位数和最大值",
	"500 requests wait for the same phone: the last hears of the SMS":                    "500 个请求等同一个手机号：最后一个收到短信的耗时",
	"requests answered, by the program":                                                  "程序每秒响应的请求数",
	"requests answered, by an http.Server that serves sandbox.New()":                     "用 http.Server 运行 sandbox.New() 时每秒响应的请求数",
	"the first as a part of the second":                                                  "前者占后者的比例",
	"at least 50 %":                                                                      "不低于 50 %",
	"requests":                                                                           "请求数",
	"resident memory":                                                                    "常驻内存",
}

// show shows a table in both languages.
func show(t *testing.T, name string, rows ...[]string) {
	t.Helper()
	command := "go -C tests test -timeout 30m -v ./program -update"
	if *long {
		command += " -long"
	}
	measured, measuredInChinese := evidence.Measured(command)
	require.NoError(t, tables.Show("../../docs/sandbox.md", name, measured, rows))
	require.NoError(t, tables.Show("../../docs/sandbox.zh-CN.md", name, measuredInChinese, inChinese(rows)))
}

func inChinese(rows [][]string) (translated [][]string) {
	for _, row := range rows {
		row = slices.Clone(row)
		for i, cell := range row {
			if word, known := words[cell]; known {
				row[i] = word
			}
		}
		translated = append(translated, row)
	}
	return translated
}

func TestFigures(t *testing.T) {
	binary := build(t)
	info, err := os.Stat(binary)
	require.NoError(t, err)
	var ready []time.Duration
	var idle float64
	for range 5 {
		p := run(t, binary)
		ready = append(ready, p.ready)
		time.Sleep(500 * time.Millisecond)
		idle = max(idle, p.resident())
	}
	rows := [][]string{
		{"figure", "measured", "wanted"},
		{"binary, stripped", fmt.Sprintf("%.1f MB", float64(info.Size())/1e6), "at most 12 MB"},
		{"ready after its start, median and worst of 5", fmt.Sprintf("%v, %v", median(ready), slices.Max(ready).Round(time.Millisecond)), "300 ms"},
		{"resident memory, idle, most of 5", fmt.Sprintf("%.1f MB", idle*1024*1024/1e6), "20 MB"},
	}
	rows = append(rows, crowd(t, binary)...)
	rows = append(rows, sideBySide(t, binary)...)
	show(t, "figures", rows...)
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2].Round(100 * time.Microsecond)
}

// crowd measures how long a waiting request takes to hear of an SMS, from before the SMS is asked for.
func crowd(t *testing.T, binary string) [][]string {
	t.Helper()
	const waiting, sent = 500, 100
	p := run(t, binary, "-img-code", answer)
	pollers, sender := p.caller(waiting), p.caller(1)
	require.NoError(t, sender.sendSMS("13900000000"))

	// Each waits for a phone of its own, until its SMS comes.
	heard := make([]chan time.Time, waiting)
	for i := range heard {
		heard[i] = make(chan time.Time, 1)
		go func() {
			_, err := pollers.get(fmt.Sprintf("/_sandbox/sms?mobile=139%08d&wait=60s", i+1))
			heard[i] <- time.Now()
			assert.NoError(t, err)
		}()
	}
	time.Sleep(time.Second) // until they wait
	var one []time.Duration
	for i := range sent {
		asked := time.Now()
		require.NoError(t, sender.sendSMS(fmt.Sprintf("139%08d", i+1)))
		one = append(one, (<-heard[i]).Sub(asked))
	}
	each(t, waiting-sent, 8, func(i int) error { return sender.sendSMS(fmt.Sprintf("139%08d", sent+i+1)) })
	for _, h := range heard[sent:] {
		<-h
	}

	// All wait for the same phone.
	all := make(chan time.Time, waiting)
	for range waiting {
		go func() {
			_, err := pollers.get("/_sandbox/sms?mobile=13800000000&wait=60s")
			all <- time.Now()
			assert.NoError(t, err)
		}()
	}
	time.Sleep(time.Second)
	asked := time.Now()
	require.NoError(t, sender.sendSMS("13800000000"))
	var every []time.Duration
	for range waiting {
		every = append(every, (<-all).Sub(asked))
	}
	return [][]string{
		{
			"500 requests wait, each for its phone: an SMS is heard of, median and worst of 100",
			fmt.Sprintf("%v, %v", median(one), slices.Max(one).Round(100*time.Microsecond)), "50 ms",
		},
		{"500 requests wait for the same phone: the last hears of the SMS", slices.Max(every).Round(100 * time.Microsecond).String(), ""},
	}
}

// sideBySide lets the program and a plain server answer the same requests, in turns.
func sideBySide(t *testing.T, binary string) [][]string {
	t.Helper()
	const connections = 32
	round, rounds := 300*time.Millisecond, 3
	if *long {
		round, rounds = 5*time.Second, 5
	}
	servers := map[string]*caller{"program": run(t, binary).caller(connections), "plain": runPlain(t).caller(connections)}
	answered := make(map[string]int)
	for range rounds {
		for name, c := range servers {
			var count atomic.Int64
			end := time.Now().Add(round)
			var workers sync.WaitGroup
			for range connections {
				workers.Go(func() {
					assert.NoError(t, c.checkUntil(end, &count))
				})
			}
			workers.Wait()
			answered[name] += int(count.Load())
		}
	}
	perSecond := func(name string) string {
		return fmt.Sprintf("%.0f/s", float64(answered[name])/(round*time.Duration(rounds)).Seconds())
	}
	return [][]string{
		{"requests answered, by the program", perSecond("program"), ""},
		{"requests answered, by an http.Server that serves sandbox.New()", perSecond("plain"), ""},
		{"the first as a part of the second", fmt.Sprintf("%d %%", 100*answered["program"]/max(answered["plain"], 1)), "at least 50 %"},
	}
}

// checkUntil has requests answered, and counts them.
func (c *caller) checkUntil(end time.Time, count *atomic.Int64) error {
	for time.Now().Before(end) {
		if _, err := c.get("/oauth/checkToken?token=A"); err != nil {
			return err
		}
		count.Add(1)
	}
	return nil
}

// The memory of the program, while requests of all sorts come and bring what is kept.
func TestMemoryOverManyRequests(t *testing.T) {
	requests, readings := 50_000, 10
	if *long {
		requests = 1_000_000
	}
	p := run(t, build(t), "-img-code", answer)
	c := p.caller(16)
	c.account()
	rows := [][]string{{"requests", "resident memory"}, {"0", fmt.Sprintf("%.1f MB", p.resident()*1024*1024/1e6)}}
	const perStep = 4 // requests of one of the steps below
	steps := requests / perStep / readings
	for reading := range readings {
		each(t, steps, 16, func(i int) error { return c.step(reading*steps + i) })
		rows = append(rows, []string{fmt.Sprint((reading + 1) * steps * perStep), fmt.Sprintf("%.1f MB", p.resident()*1024*1024/1e6)})
	}
	show(t, "memory", rows...)

	// What is kept is bounded, whatever it is measured as: 64 MiB, and as much again for the garbage of a cycle.
	if resident := p.resident(); resident > 0 {
		assert.Less(t, resident, 200.0, "MiB")
	}
}

// account opens the account that step logs in to.
func (c *caller) account() {
	c.t.Helper()
	body, err := c.post("/_sandbox/accounts", `{"username": "zhangsan", "password": "made-up-1"}`)
	require.NoError(c.t, err)
	require.Contains(c.t, body, "open_id")
}

// step has four requests answered: an SMS to a new phone, a login and an access token.
func (c *caller) step(i int) error {
	if err := c.sendSMS(fmt.Sprintf("139%08d", i)); err != nil {
		return err
	}
	if _, err := c.post("/oauth/api/account/login", `{"account": "zhangsan", "password": "made-up-1"}`); err != nil {
		return err
	}
	_, err := c.get("/oauth/getAccessToken?client_id=demo-client&client_secret=demo-secret")
	return err
}
