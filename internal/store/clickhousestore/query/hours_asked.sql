series IN @series AND hour >= @from AND hour < @to
          AND ({{if .Sealed}}sealed{{else}}false{{end}}
          {{- if .Hourly}} OR hour + 3600000 <= @to AND hour NOT IN @raw{{end}})