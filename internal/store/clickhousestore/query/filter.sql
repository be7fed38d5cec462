generation = {{.Generation}}
          {{- if .Connections}} AND connection IN @connections{{end}}
          {{- if .NoQueue}} AND false{{else if .Queues}} AND queue IN @queues{{end}}
          {{- if .Types}} AND type IN @types{{end}}
