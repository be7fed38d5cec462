package tracker

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// fake is the Tracker API over a few issues, as far as a pull uses it.
type fake struct {
	noScroll      bool
	noHeaders     bool // no totals and links with numbered pages
	noCount       bool
	noStatuses    bool
	noPeople      bool
	peoplePage    int // largest page of people, 0: any
	ignoresQuery  bool
	ignoresPaging bool
	largest       int // page that it gives, 0: any; larger ones are cut
	slowAbove     int // larger pages are answered 504
	refusesAbove  int // larger pages are answered 422
	changelogMax  int // larger perPage is answered 400; 0: any
	changelogPage int // default and largest page, 0: 50 and any
	zone          time.Duration
	latency       time.Duration
	scrollLife    int // follow-ups that a scroll answers, 0: any
	onRequest     func(kind string)

	mu      sync.Mutex
	issues  []*fakeIssue
	scrolls map[string]*fakeScroll
	serial  int
	count   map[string]int // requests by kind
}

type fakeIssue struct {
	id, key, queue string
	updated        time.Time
	record         json.RawMessage
	events         []fakeEvent
	gone           bool
}

type fakeEvent struct {
	id     string
	record json.RawMessage
}

type fakeScroll struct {
	left []*fakeIssue
	size int
	used int
}

func (f *fake) sent(kinds ...string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, k := range kinds {
		n += f.count[k]
	}
	return n
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.latency > 0 {
		time.Sleep(f.latency)
	}
	path := strings.TrimPrefix(r.URL.Path, "/v3")
	kind := path
	switch {
	case strings.HasSuffix(path, "/changelog"):
		kind = "changelog"
	case strings.HasPrefix(path, "/issues/") && path[8] != '_':
		kind = "issue"
	}
	f.mu.Lock()
	if f.count == nil {
		f.count, f.scrolls = map[string]int{}, map[string]*fakeScroll{}
	}
	f.count[kind]++
	f.mu.Unlock()
	if f.onRequest != nil {
		f.onRequest(kind)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch kind {
	case "changelog":
		f.changelog(w, r, strings.TrimSuffix(strings.TrimPrefix(path, "/issues/"), "/changelog"))
	case "issue":
		f.issue(w, strings.TrimPrefix(path, "/issues/"))
	case "/issues/_search":
		f.search(w, r)
	case "/issues/_count":
		if f.noCount {
			fail(w, 404, "no such method")
			return
		}
		_, _ = fmt.Fprint(w, len(f.matching(r)))
	case "/statuses":
		if f.noStatuses {
			fail(w, 403, "no right")
			return
		}
		_, _ = fmt.Fprint(w, `[{"id":1,"key":"open","name":"Open","order":10,"type":"new"},{"id":"2","key":"inProgress","name":"In progress","order":20,"type":"inProgress"},{"id":3,"key":"own","name":"Own","order":30},{"id":6,"key":"closed","name":"Closed","order":90,"type":"done"}]`)
	case "/users":
		f.users(w, r)
	case "/queues":
		_, _ = fmt.Fprint(w, `[{"id":1,"key":"DEMO"},{"id":"2","key":"OPS"}]`)
	case "/myself":
		_, _ = fmt.Fprint(w, `{"uid":1,"login":"alice","display":"Alice Anderson"}`)
	case "/system/search/scroll/_clear":
		var ids map[string]string
		_ = json.NewDecoder(r.Body).Decode(&ids)
		for id := range ids {
			delete(f.scrolls, id)
		}
		_, _ = fmt.Fprint(w, `{}`)
	default:
		fail(w, 404, "no such page")
	}
}

func fail(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": map[string]any{}, "errorMessages": []string{message}, "statusCode": status})
}

var (
	updatedFrom = regexp.MustCompile(`Updated: >= "([^"]+)"`)
	updatedTo   = regexp.MustCompile(`Updated: < "([^"]+)"`)
	queuesIn    = regexp.MustCompile(`Queue: ([A-Z][A-Z, ]*)(?: AND|\)|$)`)
	queuesOut   = regexp.MustCompile(`Queue: !([A-Z]+)`)
)

func (f *fake) matching(r *http.Request) []*fakeIssue {
	var body struct{ Query string }
	_ = json.NewDecoder(r.Body).Decode(&body)
	at := func(re *regexp.Regexp, none time.Time) time.Time {
		m := re.FindStringSubmatch(body.Query)
		if m == nil {
			return none
		}
		t, err := time.Parse(time.DateTime, m[1])
		if err != nil {
			panic(err)
		}
		return t.Add(-f.zone)
	}
	from, to := at(updatedFrom, time.Time{}), at(updatedTo, time.Now().AddDate(1000, 0, 0))
	in := queuesIn.FindStringSubmatch(body.Query)
	var out []*fakeIssue
	for _, i := range f.issues {
		ok := !i.updated.Before(from) && i.updated.Before(to)
		if in != nil {
			ok = ok && slices.Contains(strings.Split(strings.TrimSpace(in[1]), ", "), i.queue)
		}
		for _, m := range queuesOut.FindAllStringSubmatch(body.Query, -1) {
			ok = ok && m[1] != i.queue
		}
		if !i.gone && (ok || f.ignoresQuery) {
			out = append(out, i)
		}
	}
	if strings.Contains(body.Query, `"Sort By": Updated ASC`) && !f.ignoresQuery {
		slices.SortStableFunc(out, func(a, b *fakeIssue) int { return a.updated.Compare(b.updated) })
	} else {
		slices.SortStableFunc(out, func(a, b *fakeIssue) int { return strings.Compare(a.key, b.key) })
	}
	return out
}

func (f *fake) search(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Has("scrollType") && !f.noScroll {
		f.scroll(w, r, q)
		return
	}
	if q.Has("scrollType") && !f.noHeaders {
		fail(w, 400, "Scroll is not supported")
		return
	}
	all := f.matching(r)
	size, page := 50, 1
	if n, err := strconv.Atoi(q.Get("perPage")); err == nil && !f.ignoresPaging {
		size = n
	}
	if n, err := strconv.Atoi(q.Get("page")); err == nil && !f.ignoresPaging {
		page = n
	}
	if f.largest > 0 {
		size = min(size, f.largest)
	}
	if f.slowAbove > 0 && size > f.slowAbove {
		w.WriteHeader(http.StatusGatewayTimeout)
		return
	}
	if f.refusesAbove > 0 && size > f.refusesAbove {
		fail(w, 422, "perPage is too large")
		return
	}
	if !f.noHeaders {
		w.Header().Set("X-Total-Count", strconv.Itoa(min(len(all), 10000)))
		w.Header().Set("X-Total-Pages", strconv.Itoa((len(all)+size-1)/size))
	}
	f.write(w, all[min((page-1)*size, len(all)):min(page*size, len(all))], q)
}

func (f *fake) scroll(w http.ResponseWriter, r *http.Request, q url.Values) {
	s, ok := f.scrolls[q.Get("scrollId")]
	size, _ := strconv.Atoi(q.Get("perScroll"))
	switch {
	case q.Has("scrollId") && (!ok || q.Get("scrollToken") != "token" || f.scrollLife > 0 && s.used >= f.scrollLife):
		fail(w, 403, "Expired signature")
		return
	case f.slowAbove > 0 && size > f.slowAbove:
		w.WriteHeader(http.StatusGatewayTimeout)
		return
	case f.refusesAbove > 0 && size > f.refusesAbove:
		fail(w, 422, "perScroll is too large")
		return
	case !ok:
		s = &fakeScroll{left: f.matching(r), size: size}
		if f.largest > 0 {
			s.size = min(s.size, f.largest)
		}
		w.Header().Set("X-Total-Count", strconv.Itoa(min(len(s.left), 10000)))
	}
	delete(f.scrolls, q.Get("scrollId"))
	n := min(s.size, len(s.left))
	page := s.left[:n]
	s.left, s.used = s.left[n:], s.used+1
	if n > 0 {
		f.serial++
		id := fmt.Sprintf("scroll-%d", f.serial)
		f.scrolls[id] = s
		w.Header().Set("X-Scroll-Id", id)
		w.Header().Set("X-Scroll-Token", "token")
	}
	f.write(w, page, q)
}

func (f *fake) write(w http.ResponseWriter, page []*fakeIssue, q url.Values) {
	out := make([]json.RawMessage, len(page))
	for i, p := range page {
		out[i] = p.record
		if q.Get("fields") == "key" {
			out[i] = json.RawMessage(fmt.Sprintf(`{"self":"https://x/v3/issues/%s","id":%q,"key":%q,"version":1}`, p.key, p.id, p.key))
		}
	}
	w.Header().Set("Content-Type", "application/json")
	writeList(w, out)
}

func writeList(w http.ResponseWriter, items []json.RawMessage) {
	var b strings.Builder
	b.WriteByte('[')
	for i, item := range items {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(item)
	}
	b.WriteByte(']')
	_, _ = fmt.Fprint(w, b.String())
}

func (f *fake) find(name string) *fakeIssue {
	for _, i := range f.issues {
		if !i.gone && (i.key == name || i.id == name) {
			return i
		}
	}
	return nil
}

func (f *fake) issue(w http.ResponseWriter, name string) {
	i := f.find(name)
	if i == nil {
		fail(w, 404, "no such issue")
		return
	}
	_, _ = fmt.Fprint(w, string(i.record))
}

func (f *fake) changelog(w http.ResponseWriter, r *http.Request, name string) {
	i := f.find(name)
	q := r.URL.Query()
	size, err := strconv.Atoi(q.Get("perPage"))
	switch {
	case i == nil:
		fail(w, 404, "no such issue")
		return
	case err == nil && f.changelogMax > 0 && size > f.changelogMax:
		fail(w, 400, "perPage is too large")
		return
	case err != nil:
		size = 50
	}
	if f.changelogPage > 0 {
		size = min(size, f.changelogPage)
	}
	from := 0
	if after := q.Get("id"); after != "" {
		at := slices.IndexFunc(i.events, func(e fakeEvent) bool { return e.id == after })
		if at < 0 {
			fail(w, 404, "no such change")
			return
		}
		from = at + 1
	}
	page := i.events[from:min(from+size, len(i.events))]
	if from+size < len(i.events) {
		w.Header().Add("Link", fmt.Sprintf(`<https://api.example.org/v3/issues/%s/changelog?perPage=%d>; rel="first"`, name, size))
		w.Header().Add("Link", fmt.Sprintf(`<https://api.example.org/v3/issues/%s/changelog?id=%s&perPage=%d>; rel="next"`, name, page[len(page)-1].id, size))
	}
	out := make([]json.RawMessage, len(page))
	for n, e := range page {
		out[n] = e.record
	}
	writeList(w, out)
}

// users are three people, of whom Carol has no e-mail and is listed twice.
func (f *fake) users(w http.ResponseWriter, r *http.Request) {
	if f.noPeople {
		fail(w, 403, "no right")
		return
	}
	all := []json.RawMessage{
		json.RawMessage(`{"self":"https://x/v3/users/1","uid":1,"login":"alice","trackerUid":1,"passportUid":1,"display":"Alice Anderson","email":"Alice@example.org"}`),
		json.RawMessage(`{"uid":"2","login":"bob","display":"Bob Brown","email":"bob@example.org"}`),
		json.RawMessage(`{"trackerUid":3,"cloudUid":"aje3","login":"carol","display":"Carol Clark"}`),
		json.RawMessage(`{"trackerUid":3,"cloudUid":"aje3","login":"carol","display":"Carol Clark"}`),
	}
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	size, _ := strconv.Atoi(r.URL.Query().Get("perPage"))
	if f.peoplePage > 0 {
		size = min(size, f.peoplePage)
	}
	if !f.noHeaders {
		w.Header().Set("X-Total-Pages", strconv.Itoa((len(all)+size-1)/size))
	}
	writeList(w, all[min((page-1)*size, len(all)):min(page*size, len(all))])
}
