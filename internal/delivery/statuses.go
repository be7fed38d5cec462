package delivery

import (
	"cmp"
	"maps"
	"slices"
)

// Dictionaries are the sources' statuses, by connection and key.
type Dictionaries map[string]map[string]Status

// Add adds a status.
func (d Dictionaries) Add(s Status) {
	if d[s.Connection] == nil {
		d[s.Connection] = map[string]Status{}
	}
	d[s.Connection][s.Key] = s
}

// Batches are the dictionaries in order, to be written elsewhere.
func (d Dictionaries) Batches() []Batch {
	var out []Batch
	for _, connection := range slices.Sorted(maps.Keys(d)) {
		b := Batch{Connection: connection}
		for _, key := range slices.Sorted(maps.Keys(d[connection])) {
			b.Statuses = append(b.Statuses, d[connection][key])
		}
		out = append(out, b)
	}
	return out
}

// Types are the types of a connection's statuses by key.
func (d Dictionaries) Types(connection string) map[string]string {
	types := map[string]string{}
	for key, status := range d[connection] {
		types[key] = status.Type
	}
	return types
}

// MergeUse joins what several connections use of one queue and status, and puts
// it into the source's order. Of their dictionaries, the first connection's is
// taken; names are those of statuses that no dictionary has.
func MergeUse(used []StatusUse, known Dictionaries, names map[string]string) []StatusInUse {
	slices.SortFunc(used, func(a, b StatusUse) int {
		return cmp.Or(cmp.Compare(a.Queue, b.Queue), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Connection, b.Connection))
	})
	var out []StatusInUse
	for _, u := range used {
		n := len(out)
		if n == 0 || out[n-1].Queue != u.Queue || out[n-1].Key != u.Key {
			out = append(out, StatusInUse{Queue: u.Queue, Status: Status{Key: u.Key}})
			n++
		}
		st := &out[n-1]
		if d, ok := known[u.Connection][u.Key]; ok && st.Name == "" {
			st.Name, st.Type, st.Order = d.Name, d.Type, d.Order
		}
		st.Issues += u.Issues
		st.Visits += u.Visits
	}
	for i := range out {
		out[i].Name = cmp.Or(out[i].Name, names[out[i].Key], out[i].Key)
	}
	slices.SortFunc(out, func(a, b StatusInUse) int {
		return cmp.Or(cmp.Compare(a.Queue, b.Queue), cmp.Compare(a.Order, b.Order), cmp.Compare(a.Key, b.Key))
	})
	return out
}

// Place is where an issue is: its connection and the key of its queue.
type Place struct{ Connection, Queue string }

// Home is the place that most of a status's issues are in; of equal ones, the
// first by name.
func Home(issues map[Place]int) Place {
	home, most := Place{}, 0
	for p, count := range issues {
		if cmp.Or(cmp.Compare(most, count),
			cmp.Compare(p.Connection, home.Connection),
			cmp.Compare(p.Queue, home.Queue)) < 0 {
			home, most = p, count
		}
	}
	return home
}

// NameStatus describes a status as it is at its home, by what it means at an
// instant; name is its name where no dictionary has it.
func NameStatus(key, name string, home Place, known Dictionaries, m *Meaning, at Instant) StatusTime {
	d := known[home.Connection][key]
	return StatusTime{
		Key: key, Name: cmp.Or(d.Name, name, key), Order: d.Order,
		Class: m.Classes(home.Connection, home.Queue)(key, at),
	}
}

// AddPerson adds a person to batches of people, one for each connection; those of
// a connection come one after the other.
func AddPerson(to []Batch, connection string, p Person) []Batch {
	if n := len(to); n == 0 || to[n-1].Connection != connection || len(to[n-1].People) == 0 {
		to = append(to, Batch{Connection: connection})
	}
	last := &to[len(to)-1]
	last.People = append(last.People, p)
	return to
}
