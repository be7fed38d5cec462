{{.Sorted}} AS sorted,
     -- delivery.Quantile to the last digit, which quantilesExactInclusive is not.
     arrayMap(h -> sorted[toUInt64(floor(h)) + 1]
                   + (h - floor(h)) * (sorted[least(toUInt64(floor(h)) + 2, length(sorted))] - sorted[toUInt64(floor(h)) + 1]),
              arrayMap(p -> p * (length(sorted) - 1), [{{.At}}])) AS quantiles