package simulator

import (
	"net/http"
	"strconv"
	"strings"
)

// users answers GET /users by numbered pages.
func (t *tracker) users(rw http.ResponseWriter, r *http.Request) {
	t.c.mu.RLock()
	everybody := append(staff[1:len(staff):len(staff)], t.c.members...)
	t.c.mu.RUnlock()
	w := t.writer(r)
	var items [][]byte
	for _, p := range everybody {
		items = append(items, w.user(p))
	}
	t.numbered(rw, r, items)
}

// user answers GET /users/{login or id}.
func (t *tracker) user(rw http.ResponseWriter, r *http.Request) {
	name := r.PathValue("user")
	t.c.mu.RLock()
	everybody := append(staff[1:len(staff):len(staff)], t.c.members...)
	t.c.mu.RUnlock()
	for _, p := range everybody {
		if p.id == name || equalFold(p.login, name) {
			sendObject(rw, t.writer(r).user(p))
			return
		}
	}
	fail(rw, notFound("User"))
}

// myself answers GET /myself: the token is the robot's.
func (t *tracker) myself(rw http.ResponseWriter, r *http.Request) {
	sendObject(rw, t.writer(r).user(staff[robot]))
}

func (w *writer) user(p person) []byte {
	uid, err := strconv.Atoi(p.id)
	if err != nil {
		uid = 0
	}
	var o object
	o.text("self", w.base+"/users/"+p.id).number("uid", uid).text("login", p.login).number("trackerUid", uid).number("passportUid", uid)
	o.text("cloudUid", "aje"+p.id[max(len(p.id)-4, 0):])
	first, last, _ := strings.Cut(p.display, " ")
	o.text("firstName", first).text("lastName", last).text("display", p.display)
	if p.email != "" {
		o.text("email", p.email)
	}
	return o.bool("external", false).bool("hasLicense", !p.gone).bool("dismissed", p.gone).end()
}
