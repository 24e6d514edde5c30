-- usage
SELECT
  "t7"."repository",
  "t7"."tool",
  "t7"."model",
  "t7"."developer",
  "t7"."month",
  "t7"."calls",
  "t7"."priced_calls",
  "t7"."timed_calls",
  "t7"."attributed_calls",
  "t7"."tokens",
  "t7"."cost_usd",
  "t7"."attributed_usd",
  COALESCE("t7"."team", '') AS "team",
  '' AS "whole"
FROM (
  SELECT
    "t6".*
    EXCLUDE ("repository_right")
  FROM (
    SELECT
      "t5"."repository",
      "t5"."tool",
      "t5"."model",
      "t5"."developer",
      "t5"."month",
      "t5"."calls",
      "t5"."priced_calls",
      "t5"."timed_calls",
      "t5"."attributed_calls",
      "t5"."tokens",
      "t5"."cost_usd",
      "t5"."attributed_usd",
      "t2"."repository" AS "repository_right",
      "t2"."team"
    FROM (
      SELECT
        "t3"."repository",
        "t3"."tool",
        "t3"."model",
        "t3"."developer",
        "t3"."month",
        COUNT(*) AS "calls",
        SUM("t3"."priced") AS "priced_calls",
        SUM("t3"."timed") AS "timed_calls",
        SUM("t3"."attributed") AS "attributed_calls",
        SUM("t3"."tokens") AS "tokens",
        SUM("t3"."cost_usd") AS "cost_usd",
        SUM("t3"."attributed_usd") AS "attributed_usd"
      FROM (
        SELECT
          COALESCE("t1"."repository", '') AS "repository",
          COALESCE("t1"."tool", '') AS "tool",
          COALESCE("t1"."model", '') AS "model",
          "t1"."developer",
          (
            EXTRACT(year FROM "t1"."day") * 100
          ) + EXTRACT(month FROM "t1"."day") AS "month",
          "t1"."tokens_in" + "t1"."tokens_out" AS "tokens",
          "t1"."cost_usd",
          CAST(CASE WHEN "t1"."pull_request" IS NOT NULL THEN 1 ELSE 0 END AS BIGINT) AS "attributed",
          CASE
            WHEN "t1"."pull_request" IS NOT NULL
            THEN "t1"."cost_usd"
            ELSE CAST(NULL AS DECIMAL(20, 10))
          END AS "attributed_usd",
          CAST(CASE WHEN "t1"."cost_usd" IS NOT NULL THEN 1 ELSE 0 END AS BIGINT) AS "priced",
          CAST(CASE WHEN "t1"."latency_ms" >= 0 THEN 1 ELSE 0 END AS BIGINT) AS "timed"
        FROM "calls" AS "t1"
        WHERE
          "t1"."day" >= MAKE_DATE(2026, 5, 1) AND "t1"."day" < MAKE_DATE(2026, 6, 1)
      ) AS "t3"
      GROUP BY
        1,
        2,
        3,
        4,
        5
    ) AS "t5"
    LEFT OUTER JOIN "teams" AS "t2"
      ON "t5"."repository" = "t2"."repository"
  ) AS "t6"
) AS "t7";

-- by_month
SELECT
  *
FROM (
  SELECT
    "t0"."repository" AS "name",
    "t0"."team" AS "under",
    "t0"."month",
    SUM("t0"."calls") AS "calls",
    SUM("t0"."tokens") AS "tokens",
    SUM("t0"."cost_usd") AS "cost_usd",
    COUNT(DISTINCT "t0"."developer") AS "people"
  FROM "usage" AS "t0"
  GROUP BY
    1,
    2,
    3
) AS "t1"
ORDER BY
  "t1"."name" ASC,
  "t1"."under" ASC,
  "t1"."month" ASC;

-- parts_by_month
SELECT
  *
FROM (
  SELECT
    "t0"."month",
    SUM("t0"."attributed_usd") AS "attributed_usd",
    SUM("t0"."attributed_calls") AS "attributed_calls",
    SUM("t0"."priced_calls") AS "priced_calls",
    COUNT(DISTINCT "t0"."developer") FILTER(WHERE
      "t0"."attributed_calls" > 0) AS "attributed_people",
    COUNT(DISTINCT "t0"."developer") FILTER(WHERE
      "t0"."attributed_calls" < "t0"."calls") AS "unattributed_people",
    COUNT(DISTINCT "t0"."developer") FILTER(WHERE
      "t0"."priced_calls" > 0) AS "priced_people",
    COUNT(DISTINCT "t0"."developer") FILTER(WHERE
      "t0"."priced_calls" < "t0"."calls") AS "unpriced_people"
  FROM "usage" AS "t0"
  GROUP BY
    1
) AS "t1"
ORDER BY
  "t1"."month" ASC;

-- few_people
WITH "t1" AS (
  SELECT DISTINCT
    "t0"."repository" AS "name",
    "t0"."team" AS "under",
    "t0"."month",
    "t0"."developer" AS "person"
  FROM "usage" AS "t0"
  WHERE
    "t0"."developer" IS NOT NULL
)
SELECT
  *
FROM (
  SELECT
    "t3"."name",
    "t3"."under",
    "t3"."month",
    "t3"."person"
  FROM "t1" AS "t3"
  SEMI JOIN (
    SELECT
      *
    FROM (
      SELECT
        "t2"."name",
        "t2"."under",
        "t2"."month",
        COUNT(*) AS "people"
      FROM "t1" AS "t2"
      GROUP BY
        1,
        2,
        3
    ) AS "t4"
    WHERE
      "t4"."people" < 5
  ) AS "t6"
    ON "t3"."name" = "t6"."name"
    AND "t3"."under" = "t6"."under"
    AND "t3"."month" = "t6"."month"
) AS "t7"
ORDER BY
  "t7"."name" ASC,
  "t7"."under" ASC,
  "t7"."month" ASC,
  "t7"."person" ASC;

-- weekly_users
SELECT
  *
FROM (
  SELECT
    "t2"."week",
    COUNT(DISTINCT "t2"."developer") AS "people"
  FROM (
    SELECT
      DATE_TRUNC('WEEK', "t1"."day") AS "week",
      "t1"."developer"
    FROM (
      SELECT DISTINCT
        "t0"."day",
        "t0"."developer"
      FROM "calls" AS "t0"
      WHERE
        "t0"."day" >= MAKE_DATE(2026, 5, 1) AND "t0"."day" < MAKE_DATE(2026, 6, 1)
    ) AS "t1"
  ) AS "t2"
  GROUP BY
    1
) AS "t3"
ORDER BY
  "t3"."week" ASC;

-- timed_people
SELECT
  *
FROM (
  SELECT
    "t1"."model",
    COUNT(DISTINCT "t1"."developer") AS "people"
  FROM (
    SELECT
      *
    FROM "usage" AS "t0"
    WHERE
      "t0"."timed_calls" > 0
  ) AS "t1"
  GROUP BY
    1
) AS "t2"
ORDER BY
  "t2"."model" ASC;

-- latencies
SELECT
  *
FROM (
  SELECT
    "t1"."model",
    "t1"."place",
    COUNT(*) AS "calls"
  FROM (
    SELECT
      COALESCE("t0"."model", '') AS "model",
      CAST(CASE
        WHEN "t0"."latency_ms" < 10000.0
        THEN CASE
          WHEN "t0"."latency_ms" < 1000.0
          THEN CASE
            WHEN "t0"."latency_ms" < 320.0
            THEN CASE
              WHEN "t0"."latency_ms" < 160.0
              THEN CASE
                WHEN "t0"."latency_ms" < 125.0
                THEN CASE WHEN "t0"."latency_ms" < 100.0 THEN 0 ELSE 1 END
                ELSE 2
              END
              ELSE CASE
                WHEN "t0"."latency_ms" < 250.0
                THEN CASE WHEN "t0"."latency_ms" < 200.0 THEN 3 ELSE 4 END
                ELSE 5
              END
            END
            ELSE CASE
              WHEN "t0"."latency_ms" < 630.0
              THEN CASE
                WHEN "t0"."latency_ms" < 500.0
                THEN CASE WHEN "t0"."latency_ms" < 400.0 THEN 6 ELSE 7 END
                ELSE 8
              END
              ELSE CASE WHEN "t0"."latency_ms" < 800.0 THEN 9 ELSE 10 END
            END
          END
          ELSE CASE
            WHEN "t0"."latency_ms" < 3200.0
            THEN CASE
              WHEN "t0"."latency_ms" < 2000.0
              THEN CASE
                WHEN "t0"."latency_ms" < 1600.0
                THEN CASE WHEN "t0"."latency_ms" < 1250.0 THEN 11 ELSE 12 END
                ELSE 13
              END
              ELSE CASE WHEN "t0"."latency_ms" < 2500.0 THEN 14 ELSE 15 END
            END
            ELSE CASE
              WHEN "t0"."latency_ms" < 6300.0
              THEN CASE
                WHEN "t0"."latency_ms" < 5000.0
                THEN CASE WHEN "t0"."latency_ms" < 4000.0 THEN 16 ELSE 17 END
                ELSE 18
              END
              ELSE CASE WHEN "t0"."latency_ms" < 8000.0 THEN 19 ELSE 20 END
            END
          END
        END
        ELSE CASE
          WHEN "t0"."latency_ms" < 125000.0
          THEN CASE
            WHEN "t0"."latency_ms" < 40000.0
            THEN CASE
              WHEN "t0"."latency_ms" < 20000.0
              THEN CASE
                WHEN "t0"."latency_ms" < 16000.0
                THEN CASE WHEN "t0"."latency_ms" < 12500.0 THEN 21 ELSE 22 END
                ELSE 23
              END
              ELSE CASE
                WHEN "t0"."latency_ms" < 32000.0
                THEN CASE WHEN "t0"."latency_ms" < 25000.0 THEN 24 ELSE 25 END
                ELSE 26
              END
            END
            ELSE CASE
              WHEN "t0"."latency_ms" < 80000.0
              THEN CASE
                WHEN "t0"."latency_ms" < 63000.0
                THEN CASE WHEN "t0"."latency_ms" < 50000.0 THEN 27 ELSE 28 END
                ELSE 29
              END
              ELSE CASE WHEN "t0"."latency_ms" < 100000.0 THEN 30 ELSE 31 END
            END
          END
          ELSE CASE
            WHEN "t0"."latency_ms" < 400000.0
            THEN CASE
              WHEN "t0"."latency_ms" < 250000.0
              THEN CASE
                WHEN "t0"."latency_ms" < 200000.0
                THEN CASE WHEN "t0"."latency_ms" < 160000.0 THEN 32 ELSE 33 END
                ELSE 34
              END
              ELSE CASE WHEN "t0"."latency_ms" < 320000.0 THEN 35 ELSE 36 END
            END
            ELSE CASE
              WHEN "t0"."latency_ms" < 800000.0
              THEN CASE
                WHEN "t0"."latency_ms" < 630000.0
                THEN CASE WHEN "t0"."latency_ms" < 500000.0 THEN 37 ELSE 38 END
                ELSE 39
              END
              ELSE CASE WHEN "t0"."latency_ms" < 1000000.0 THEN 40 ELSE 41 END
            END
          END
        END
      END AS BIGINT) AS "place"
    FROM "calls" AS "t0"
    WHERE
      "t0"."day" >= MAKE_DATE(2026, 5, 1)
      AND "t0"."day" < MAKE_DATE(2026, 6, 1)
      AND "t0"."latency_ms" >= 0
  ) AS "t1"
  GROUP BY
    1,
    2
) AS "t2"
ORDER BY
  "t2"."model" ASC,
  "t2"."place" ASC;

-- pull_requests
SELECT
  "t6"."repository",
  "t6"."number",
  "t6"."author",
  "t6"."cost_usd",
  "t6"."merged",
  "t6"."reverted",
  "t6"."assisted",
  "t6"."other",
  COALESCE("t6"."team", '') AS "team",
  '' AS "whole"
FROM (
  SELECT
    "t5".*
    EXCLUDE ("repository_right")
  FROM (
    SELECT
      "t4"."repository",
      "t4"."number",
      "t4"."author",
      "t4"."cost_usd",
      "t4"."merged",
      "t4"."reverted",
      "t4"."assisted",
      "t4"."other",
      "t2"."repository" AS "repository_right",
      "t2"."team"
    FROM (
      SELECT
        COALESCE("t0"."repository", '') AS "repository",
        "t0"."number",
        "t0"."author",
        "t0"."cost_usd",
        CAST(CASE WHEN "t0"."merged_at" IS NOT NULL THEN 1 ELSE 0 END AS BIGINT) AS "merged",
        CAST(CASE WHEN "t0"."reverted" AND (
          "t0"."merged_at" IS NOT NULL
        ) THEN 1 ELSE 0 END AS BIGINT) AS "reverted",
        CAST(CASE
          WHEN (
            "t0"."merged_at" IS NOT NULL
          ) AND COALESCE("t0"."assisted", FALSE)
          THEN 1
          ELSE 0
        END AS BIGINT) AS "assisted",
        CAST(CASE
          WHEN (
            "t0"."merged_at" IS NOT NULL
          ) AND NOT (
            COALESCE("t0"."assisted", TRUE)
          )
          THEN 1
          ELSE 0
        END AS BIGINT) AS "other"
      FROM "pull_requests" AS "t0"
      WHERE
        NOT (
          "t0"."is_bot"
        )
        AND (
          (
            (
              "t0"."merged_at" IS NOT NULL
            )
            AND (
              "t0"."merged_at" >= MAKE_TIMESTAMPTZ(2026, 5, 1, 0, 0, 0.0, 'UTC')
            )
            AND (
              "t0"."merged_at" < MAKE_TIMESTAMPTZ(2026, 6, 1, 0, 0, 0.0, 'UTC')
            )
          )
          OR (
            (
              "t0"."merged_at" IS NULL
            )
            AND (
              (
                "t0"."closed_at" IS NOT NULL
              )
              AND (
                "t0"."closed_at" >= MAKE_TIMESTAMPTZ(2026, 5, 1, 0, 0, 0.0, 'UTC')
              )
              AND (
                "t0"."closed_at" < MAKE_TIMESTAMPTZ(2026, 6, 1, 0, 0, 0.0, 'UTC')
              )
            )
          )
        )
    ) AS "t4"
    LEFT OUTER JOIN "teams" AS "t2"
      ON "t4"."repository" = "t2"."repository"
  ) AS "t5"
) AS "t6";

-- comparable
SELECT
  COALESCE("t0"."repository", '') AS "repository",
  "t0"."author",
  "t0"."opened_at",
  "t0"."merged_at",
  "t0"."closed_at",
  "t0"."additions" + "t0"."deletions" AS "lines",
  COALESCE("t0"."changed_files", 1) AS "files",
  CAST(CASE
    WHEN (
      "t0"."ready_at" IS NOT NULL
    ) OR COALESCE("t0"."draft", FALSE)
    THEN 1
    ELSE 0
  END AS BIGINT) AS "draft",
  CAST(CASE
    WHEN (
      "t0"."ready_at" IS NULL
    ) AND (
      "t0"."draft" IS NULL
    )
    THEN 1
    ELSE 0
  END AS BIGINT) AS "draft_unknown",
  "t0"."assisted",
  "t0"."number"
FROM "pull_requests" AS "t0"
WHERE
  "t0"."opened_at" IS NOT NULL
  AND "t0"."opened_at" >= MAKE_TIMESTAMPTZ(2026, 5, 1, 0, 0, 0.0, 'UTC')
  AND "t0"."opened_at" < MAKE_TIMESTAMPTZ(2026, 6, 1, 0, 0, 0.0, 'UTC')
  AND NOT (
    "t0"."is_bot"
  )
  AND NOT (
    "t0"."is_revert"
  )
  AND COALESCE("t0"."into_default_branch", TRUE)
  AND "t0"."author" IS NOT NULL
  AND "t0"."assisted" IS NOT NULL
  AND (
    "t0"."additions" + "t0"."deletions"
  ) >= 0
ORDER BY
  COALESCE("t0"."repository", '') ASC,
  "t0"."number" ASC;

-- kinds
SELECT
  SUM(CAST(CASE WHEN "t0"."merged" = 1 THEN 1 ELSE 0 END AS BIGINT)) AS "merged",
  SUM(
    CASE
      WHEN "t0"."merged" = 1
      THEN "t0"."cost_usd"
      ELSE CAST(NULL AS DECIMAL(20, 10))
    END
  ) AS "merged_usd",
  COUNT(DISTINCT "t0"."author") FILTER(WHERE
    "t0"."merged" = 1) AS "merged_people",
  SUM(
    CAST(CASE
      WHEN (
        "t0"."merged" = 1
      ) AND (
        "t0"."cost_usd" IS NOT NULL
      )
      THEN 1
      ELSE 0
    END AS BIGINT)
  ) AS "with_cost",
  SUM(
    CASE
      WHEN (
        "t0"."merged" = 1
      ) AND (
        "t0"."cost_usd" IS NOT NULL
      )
      THEN "t0"."cost_usd"
      ELSE CAST(NULL AS DECIMAL(20, 10))
    END
  ) AS "with_cost_usd",
  COUNT(DISTINCT "t0"."author") FILTER(WHERE
    (
      "t0"."merged" = 1
    ) AND (
      "t0"."cost_usd" IS NOT NULL
    )) AS "with_cost_people",
  SUM(
    CAST(CASE
      WHEN (
        "t0"."merged" = 1
      ) AND (
        "t0"."cost_usd" IS NULL
      )
      THEN 1
      ELSE 0
    END AS BIGINT)
  ) AS "without_cost",
  SUM(
    CASE
      WHEN (
        "t0"."merged" = 1
      ) AND (
        "t0"."cost_usd" IS NULL
      )
      THEN "t0"."cost_usd"
      ELSE CAST(NULL AS DECIMAL(20, 10))
    END
  ) AS "without_cost_usd",
  COUNT(DISTINCT "t0"."author") FILTER(WHERE
    (
      "t0"."merged" = 1
    ) AND (
      "t0"."cost_usd" IS NULL
    )) AS "without_cost_people",
  SUM(CAST(CASE WHEN "t0"."merged" = 0 THEN 1 ELSE 0 END AS BIGINT)) AS "unmerged",
  SUM(
    CASE
      WHEN "t0"."merged" = 0
      THEN "t0"."cost_usd"
      ELSE CAST(NULL AS DECIMAL(20, 10))
    END
  ) AS "unmerged_usd",
  COUNT(DISTINCT "t0"."author") FILTER(WHERE
    "t0"."merged" = 0) AS "unmerged_people",
  SUM(CAST(CASE WHEN "t0"."reverted" = 1 THEN 1 ELSE 0 END AS BIGINT)) AS "reverted",
  SUM(
    CASE
      WHEN "t0"."reverted" = 1
      THEN "t0"."cost_usd"
      ELSE CAST(NULL AS DECIMAL(20, 10))
    END
  ) AS "reverted_usd",
  COUNT(DISTINCT "t0"."author") FILTER(WHERE
    "t0"."reverted" = 1) AS "reverted_people",
  SUM(CAST(CASE WHEN "t0"."assisted" = 1 THEN 1 ELSE 0 END AS BIGINT)) AS "assisted",
  SUM(
    CASE
      WHEN "t0"."assisted" = 1
      THEN "t0"."cost_usd"
      ELSE CAST(NULL AS DECIMAL(20, 10))
    END
  ) AS "assisted_usd",
  COUNT(DISTINCT "t0"."author") FILTER(WHERE
    "t0"."assisted" = 1) AS "assisted_people",
  SUM(CAST(CASE WHEN "t0"."other" = 1 THEN 1 ELSE 0 END AS BIGINT)) AS "other",
  SUM(
    CASE
      WHEN "t0"."other" = 1
      THEN "t0"."cost_usd"
      ELSE CAST(NULL AS DECIMAL(20, 10))
    END
  ) AS "other_usd",
  COUNT(DISTINCT "t0"."author") FILTER(WHERE
    "t0"."other" = 1) AS "other_people",
  SUM(
    CAST(CASE
      WHEN (
        "t0"."merged" = 1
      ) AND (
        "t0"."assisted" = 0
      ) AND (
        "t0"."other" = 0
      )
      THEN 1
      ELSE 0
    END AS BIGINT)
  ) AS "unknown",
  SUM(
    CASE
      WHEN (
        "t0"."merged" = 1
      ) AND (
        "t0"."assisted" = 0
      ) AND (
        "t0"."other" = 0
      )
      THEN "t0"."cost_usd"
      ELSE CAST(NULL AS DECIMAL(20, 10))
    END
  ) AS "unknown_usd",
  COUNT(DISTINCT "t0"."author") FILTER(WHERE
    (
      "t0"."merged" = 1
    ) AND (
      "t0"."assisted" = 0
    ) AND (
      "t0"."other" = 0
    )) AS "unknown_people"
FROM "pulls" AS "t0";

-- by_group
SELECT
  *
FROM (
  SELECT
    "t1"."team" AS "name",
    "t1"."whole" AS "under",
    COUNT(*) AS "with_cost",
    SUM("t1"."cost_usd") AS "cost_usd",
    COUNT(DISTINCT "t1"."author") AS "people"
  FROM (
    SELECT
      *
    FROM "pulls" AS "t0"
    WHERE
      "t0"."merged" = 1 AND "t0"."cost_usd" IS NOT NULL
  ) AS "t1"
  GROUP BY
    1,
    2
) AS "t2"
ORDER BY
  "t2"."name" ASC,
  "t2"."under" ASC;

-- few_authors
WITH "t1" AS (
  SELECT DISTINCT
    "t0"."team" AS "name",
    "t0"."whole" AS "under",
    "t0"."author" AS "person"
  FROM "pulls" AS "t0"
  WHERE
    "t0"."merged" = 1 AND "t0"."cost_usd" IS NOT NULL AND "t0"."author" IS NOT NULL
)
SELECT
  *
FROM (
  SELECT
    "t3"."name",
    "t3"."under",
    "t3"."person"
  FROM "t1" AS "t3"
  SEMI JOIN (
    SELECT
      *
    FROM (
      SELECT
        "t2"."name",
        "t2"."under",
        COUNT(*) AS "people"
      FROM "t1" AS "t2"
      GROUP BY
        1,
        2
    ) AS "t4"
    WHERE
      "t4"."people" < 5
  ) AS "t6"
    ON "t3"."name" = "t6"."name" AND "t3"."under" = "t6"."under"
) AS "t7"
ORDER BY
  "t7"."name" ASC,
  "t7"."under" ASC,
  "t7"."person" ASC;

-- order_statistics
SELECT
  *
FROM (
  SELECT
    "t1"."name",
    "t1"."cost_usd",
    ROW_NUMBER() OVER (
      PARTITION BY "t1"."name"
      ORDER BY "t1"."cost_usd" ASC
      ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    ) - 1 AS "place",
    COUNT("t1"."cost_usd") OVER (PARTITION BY "t1"."name" ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS "costs"
  FROM (
    SELECT
      "t0"."team" AS "name",
      "t0"."cost_usd"
    FROM "pulls" AS "t0"
    WHERE
      "t0"."merged" = 1 AND "t0"."cost_usd" IS NOT NULL
  ) AS "t1"
) AS "t2"
WHERE
  (
    (
      (
        "t2"."place" * 2
      ) >= (
        (
          "t2"."costs" - 1
        ) - 1
      )
    )
    AND (
      (
        "t2"."place" * 2
      ) <= (
        (
          "t2"."costs" - 1
        ) + 1
      )
    )
  )
  OR (
    (
      (
        "t2"."place" * 10
      ) > (
        (
          (
            "t2"."costs" - 1
          ) * 9
        ) - 10
      )
    )
    AND (
      (
        "t2"."place" * 10
      ) < (
        (
          (
            "t2"."costs" - 1
          ) * 9
        ) + 10
      )
    )
  )
ORDER BY
  "t2"."name" ASC,
  "t2"."place" ASC;

-- author_weeks
SELECT
  "t10"."repository",
  "t10"."author",
  "t10"."week",
  SUM("t10"."merged") AS "merged"
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t8"."repository",
      "t8"."author",
      "t8"."week",
      "t8"."merged"
    FROM (
      SELECT
        COALESCE("t1"."repository", '') AS "repository",
        LOWER("t1"."author") AS "author",
        CAST(CASE
          WHEN "t1"."day" < MAKE_DATE(2026, 2, 16)
          THEN CASE
            WHEN "t1"."day" < MAKE_DATE(2025, 12, 22)
            THEN CASE
              WHEN "t1"."day" < MAKE_DATE(2025, 11, 24)
              THEN CASE
                WHEN "t1"."day" < MAKE_DATE(2025, 11, 10)
                THEN CASE WHEN "t1"."day" < MAKE_DATE(2025, 11, 3) THEN 0 ELSE 1 END
                ELSE CASE WHEN "t1"."day" < MAKE_DATE(2025, 11, 17) THEN 2 ELSE 3 END
              END
              ELSE CASE
                WHEN "t1"."day" < MAKE_DATE(2025, 12, 8)
                THEN CASE WHEN "t1"."day" < MAKE_DATE(2025, 12, 1) THEN 4 ELSE 5 END
                ELSE CASE WHEN "t1"."day" < MAKE_DATE(2025, 12, 15) THEN 6 ELSE 7 END
              END
            END
            ELSE CASE
              WHEN "t1"."day" < MAKE_DATE(2026, 1, 19)
              THEN CASE
                WHEN "t1"."day" < MAKE_DATE(2026, 1, 5)
                THEN CASE WHEN "t1"."day" < MAKE_DATE(2025, 12, 29) THEN 8 ELSE 9 END
                ELSE CASE WHEN "t1"."day" < MAKE_DATE(2026, 1, 12) THEN 10 ELSE 11 END
              END
              ELSE CASE
                WHEN "t1"."day" < MAKE_DATE(2026, 2, 2)
                THEN CASE WHEN "t1"."day" < MAKE_DATE(2026, 1, 26) THEN 12 ELSE 13 END
                ELSE CASE WHEN "t1"."day" < MAKE_DATE(2026, 2, 9) THEN 14 ELSE 15 END
              END
            END
          END
          ELSE CASE
            WHEN "t1"."day" < MAKE_DATE(2026, 4, 13)
            THEN CASE
              WHEN "t1"."day" < MAKE_DATE(2026, 3, 16)
              THEN CASE
                WHEN "t1"."day" < MAKE_DATE(2026, 3, 2)
                THEN CASE WHEN "t1"."day" < MAKE_DATE(2026, 2, 23) THEN 16 ELSE 17 END
                ELSE CASE WHEN "t1"."day" < MAKE_DATE(2026, 3, 9) THEN 18 ELSE 19 END
              END
              ELSE CASE
                WHEN "t1"."day" < MAKE_DATE(2026, 3, 30)
                THEN CASE WHEN "t1"."day" < MAKE_DATE(2026, 3, 23) THEN 20 ELSE 21 END
                ELSE CASE WHEN "t1"."day" < MAKE_DATE(2026, 4, 6) THEN 22 ELSE 23 END
              END
            END
            ELSE CASE
              WHEN "t1"."day" < MAKE_DATE(2026, 5, 11)
              THEN CASE
                WHEN "t1"."day" < MAKE_DATE(2026, 4, 27)
                THEN CASE WHEN "t1"."day" < MAKE_DATE(2026, 4, 20) THEN 24 ELSE 25 END
                ELSE CASE WHEN "t1"."day" < MAKE_DATE(2026, 5, 4) THEN 26 ELSE 27 END
              END
              ELSE CASE
                WHEN "t1"."day" < MAKE_DATE(2026, 5, 25)
                THEN CASE WHEN "t1"."day" < MAKE_DATE(2026, 5, 18) THEN 28 ELSE 29 END
                ELSE CASE WHEN "t1"."day" < MAKE_DATE(2026, 6, 1) THEN 30 ELSE 31 END
              END
            END
          END
        END AS BIGINT) AS "week",
        0 AS "merged"
      FROM "commits" AS "t1"
      WHERE
        NOT (
          "t1"."is_bot"
        )
        AND "t1"."author" IS NOT NULL
        AND "t1"."day" < MAKE_DATE(2026, 6, 1)
    ) AS "t8"
    SEMI JOIN (
      SELECT
        COALESCE("t0"."repository", '') AS "repository",
        LOWER("t0"."author") AS "author"
      FROM "pull_requests" AS "t0"
      WHERE
        NOT (
          "t0"."is_bot"
        )
        AND "t0"."author" IS NOT NULL
        AND "t0"."opened_at" < MAKE_TIMESTAMPTZ(2026, 6, 1, 0, 0, 0.0, 'UTC')
    ) AS "t3"
      ON "t8"."repository" = "t3"."repository" AND "t8"."author" = "t3"."author"
  ) AS "t9"
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      *
    FROM (
      SELECT
        COALESCE("t0"."repository", '') AS "repository",
        LOWER("t0"."author") AS "author",
        CAST(CASE
          WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2026, 2, 16, 0, 0, 0.0, 'UTC')
          THEN CASE
            WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2025, 12, 22, 0, 0, 0.0, 'UTC')
            THEN CASE
              WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2025, 11, 24, 0, 0, 0.0, 'UTC')
              THEN CASE
                WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2025, 11, 10, 0, 0, 0.0, 'UTC')
                THEN CASE
                  WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2025, 11, 3, 0, 0, 0.0, 'UTC')
                  THEN 0
                  ELSE 1
                END
                ELSE CASE
                  WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2025, 11, 17, 0, 0, 0.0, 'UTC')
                  THEN 2
                  ELSE 3
                END
              END
              ELSE CASE
                WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2025, 12, 8, 0, 0, 0.0, 'UTC')
                THEN CASE
                  WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2025, 12, 1, 0, 0, 0.0, 'UTC')
                  THEN 4
                  ELSE 5
                END
                ELSE CASE
                  WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2025, 12, 15, 0, 0, 0.0, 'UTC')
                  THEN 6
                  ELSE 7
                END
              END
            END
            ELSE CASE
              WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2026, 1, 19, 0, 0, 0.0, 'UTC')
              THEN CASE
                WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2026, 1, 5, 0, 0, 0.0, 'UTC')
                THEN CASE
                  WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2025, 12, 29, 0, 0, 0.0, 'UTC')
                  THEN 8
                  ELSE 9
                END
                ELSE CASE
                  WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2026, 1, 12, 0, 0, 0.0, 'UTC')
                  THEN 10
                  ELSE 11
                END
              END
              ELSE CASE
                WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2026, 2, 2, 0, 0, 0.0, 'UTC')
                THEN CASE
                  WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2026, 1, 26, 0, 0, 0.0, 'UTC')
                  THEN 12
                  ELSE 13
                END
                ELSE CASE
                  WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2026, 2, 9, 0, 0, 0.0, 'UTC')
                  THEN 14
                  ELSE 15
                END
              END
            END
          END
          ELSE CASE
            WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2026, 4, 13, 0, 0, 0.0, 'UTC')
            THEN CASE
              WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2026, 3, 16, 0, 0, 0.0, 'UTC')
              THEN CASE
                WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2026, 3, 2, 0, 0, 0.0, 'UTC')
                THEN CASE
                  WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2026, 2, 23, 0, 0, 0.0, 'UTC')
                  THEN 16
                  ELSE 17
                END
                ELSE CASE
                  WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2026, 3, 9, 0, 0, 0.0, 'UTC')
                  THEN 18
                  ELSE 19
                END
              END
              ELSE CASE
                WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2026, 3, 30, 0, 0, 0.0, 'UTC')
                THEN CASE
                  WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2026, 3, 23, 0, 0, 0.0, 'UTC')
                  THEN 20
                  ELSE 21
                END
                ELSE CASE
                  WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2026, 4, 6, 0, 0, 0.0, 'UTC')
                  THEN 22
                  ELSE 23
                END
              END
            END
            ELSE CASE
              WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2026, 5, 11, 0, 0, 0.0, 'UTC')
              THEN CASE
                WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2026, 4, 27, 0, 0, 0.0, 'UTC')
                THEN CASE
                  WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2026, 4, 20, 0, 0, 0.0, 'UTC')
                  THEN 24
                  ELSE 25
                END
                ELSE CASE
                  WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2026, 5, 4, 0, 0, 0.0, 'UTC')
                  THEN 26
                  ELSE 27
                END
              END
              ELSE CASE
                WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2026, 5, 25, 0, 0, 0.0, 'UTC')
                THEN CASE
                  WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2026, 5, 18, 0, 0, 0.0, 'UTC')
                  THEN 28
                  ELSE 29
                END
                ELSE CASE
                  WHEN "t0"."opened_at" < MAKE_TIMESTAMPTZ(2026, 6, 1, 0, 0, 0.0, 'UTC')
                  THEN 30
                  ELSE 31
                END
              END
            END
          END
        END AS BIGINT) AS "week",
        0 AS "merged"
      FROM "pull_requests" AS "t0"
      WHERE
        NOT (
          "t0"."is_bot"
        )
        AND "t0"."author" IS NOT NULL
        AND "t0"."opened_at" < MAKE_TIMESTAMPTZ(2026, 6, 1, 0, 0, 0.0, 'UTC')
    ) AS "t4"
    UNION ALL
    SELECT
      *
    FROM (
      SELECT
        COALESCE("t0"."repository", '') AS "repository",
        LOWER("t0"."author") AS "author",
        CAST(CASE
          WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2026, 2, 16, 0, 0, 0.0, 'UTC')
          THEN CASE
            WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2025, 12, 22, 0, 0, 0.0, 'UTC')
            THEN CASE
              WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2025, 11, 24, 0, 0, 0.0, 'UTC')
              THEN CASE
                WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2025, 11, 10, 0, 0, 0.0, 'UTC')
                THEN CASE
                  WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2025, 11, 3, 0, 0, 0.0, 'UTC')
                  THEN 0
                  ELSE 1
                END
                ELSE CASE
                  WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2025, 11, 17, 0, 0, 0.0, 'UTC')
                  THEN 2
                  ELSE 3
                END
              END
              ELSE CASE
                WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2025, 12, 8, 0, 0, 0.0, 'UTC')
                THEN CASE
                  WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2025, 12, 1, 0, 0, 0.0, 'UTC')
                  THEN 4
                  ELSE 5
                END
                ELSE CASE
                  WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2025, 12, 15, 0, 0, 0.0, 'UTC')
                  THEN 6
                  ELSE 7
                END
              END
            END
            ELSE CASE
              WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2026, 1, 19, 0, 0, 0.0, 'UTC')
              THEN CASE
                WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2026, 1, 5, 0, 0, 0.0, 'UTC')
                THEN CASE
                  WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2025, 12, 29, 0, 0, 0.0, 'UTC')
                  THEN 8
                  ELSE 9
                END
                ELSE CASE
                  WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2026, 1, 12, 0, 0, 0.0, 'UTC')
                  THEN 10
                  ELSE 11
                END
              END
              ELSE CASE
                WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2026, 2, 2, 0, 0, 0.0, 'UTC')
                THEN CASE
                  WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2026, 1, 26, 0, 0, 0.0, 'UTC')
                  THEN 12
                  ELSE 13
                END
                ELSE CASE
                  WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2026, 2, 9, 0, 0, 0.0, 'UTC')
                  THEN 14
                  ELSE 15
                END
              END
            END
          END
          ELSE CASE
            WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2026, 4, 13, 0, 0, 0.0, 'UTC')
            THEN CASE
              WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2026, 3, 16, 0, 0, 0.0, 'UTC')
              THEN CASE
                WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2026, 3, 2, 0, 0, 0.0, 'UTC')
                THEN CASE
                  WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2026, 2, 23, 0, 0, 0.0, 'UTC')
                  THEN 16
                  ELSE 17
                END
                ELSE CASE
                  WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2026, 3, 9, 0, 0, 0.0, 'UTC')
                  THEN 18
                  ELSE 19
                END
              END
              ELSE CASE
                WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2026, 3, 30, 0, 0, 0.0, 'UTC')
                THEN CASE
                  WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2026, 3, 23, 0, 0, 0.0, 'UTC')
                  THEN 20
                  ELSE 21
                END
                ELSE CASE
                  WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2026, 4, 6, 0, 0, 0.0, 'UTC')
                  THEN 22
                  ELSE 23
                END
              END
            END
            ELSE CASE
              WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2026, 5, 11, 0, 0, 0.0, 'UTC')
              THEN CASE
                WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2026, 4, 27, 0, 0, 0.0, 'UTC')
                THEN CASE
                  WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2026, 4, 20, 0, 0, 0.0, 'UTC')
                  THEN 24
                  ELSE 25
                END
                ELSE CASE
                  WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2026, 5, 4, 0, 0, 0.0, 'UTC')
                  THEN 26
                  ELSE 27
                END
              END
              ELSE CASE
                WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2026, 5, 25, 0, 0, 0.0, 'UTC')
                THEN CASE
                  WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2026, 5, 18, 0, 0, 0.0, 'UTC')
                  THEN 28
                  ELSE 29
                END
                ELSE CASE
                  WHEN "t0"."merged_at" < MAKE_TIMESTAMPTZ(2026, 6, 1, 0, 0, 0.0, 'UTC')
                  THEN 30
                  ELSE 31
                END
              END
            END
          END
        END AS BIGINT) AS "week",
        1 AS "merged"
      FROM "pull_requests" AS "t0"
      WHERE
        NOT (
          "t0"."is_bot"
        )
        AND "t0"."author" IS NOT NULL
        AND "t0"."opened_at" < MAKE_TIMESTAMPTZ(2026, 6, 1, 0, 0, 0.0, 'UTC')
        AND "t0"."merged_at" IS NOT NULL
        AND "t0"."merged_at" < MAKE_TIMESTAMPTZ(2026, 6, 1, 0, 0, 0.0, 'UTC')
    ) AS "t5"
  ) AS "t7"
) AS "t10"
GROUP BY
  1,
  2,
  3;

-- traced
SELECT DISTINCT
  "t1"."repository",
  "t1"."person",
  "t1"."source",
  CAST(CASE
    WHEN "t1"."day" < MAKE_DATE(2026, 2, 16)
    THEN CASE
      WHEN "t1"."day" < MAKE_DATE(2025, 12, 22)
      THEN CASE
        WHEN "t1"."day" < MAKE_DATE(2025, 11, 24)
        THEN CASE
          WHEN "t1"."day" < MAKE_DATE(2025, 11, 10)
          THEN CASE WHEN "t1"."day" < MAKE_DATE(2025, 11, 3) THEN 0 ELSE 1 END
          ELSE CASE WHEN "t1"."day" < MAKE_DATE(2025, 11, 17) THEN 2 ELSE 3 END
        END
        ELSE CASE
          WHEN "t1"."day" < MAKE_DATE(2025, 12, 8)
          THEN CASE WHEN "t1"."day" < MAKE_DATE(2025, 12, 1) THEN 4 ELSE 5 END
          ELSE CASE WHEN "t1"."day" < MAKE_DATE(2025, 12, 15) THEN 6 ELSE 7 END
        END
      END
      ELSE CASE
        WHEN "t1"."day" < MAKE_DATE(2026, 1, 19)
        THEN CASE
          WHEN "t1"."day" < MAKE_DATE(2026, 1, 5)
          THEN CASE WHEN "t1"."day" < MAKE_DATE(2025, 12, 29) THEN 8 ELSE 9 END
          ELSE CASE WHEN "t1"."day" < MAKE_DATE(2026, 1, 12) THEN 10 ELSE 11 END
        END
        ELSE CASE
          WHEN "t1"."day" < MAKE_DATE(2026, 2, 2)
          THEN CASE WHEN "t1"."day" < MAKE_DATE(2026, 1, 26) THEN 12 ELSE 13 END
          ELSE CASE WHEN "t1"."day" < MAKE_DATE(2026, 2, 9) THEN 14 ELSE 15 END
        END
      END
    END
    ELSE CASE
      WHEN "t1"."day" < MAKE_DATE(2026, 4, 13)
      THEN CASE
        WHEN "t1"."day" < MAKE_DATE(2026, 3, 16)
        THEN CASE
          WHEN "t1"."day" < MAKE_DATE(2026, 3, 2)
          THEN CASE WHEN "t1"."day" < MAKE_DATE(2026, 2, 23) THEN 16 ELSE 17 END
          ELSE CASE WHEN "t1"."day" < MAKE_DATE(2026, 3, 9) THEN 18 ELSE 19 END
        END
        ELSE CASE
          WHEN "t1"."day" < MAKE_DATE(2026, 3, 30)
          THEN CASE WHEN "t1"."day" < MAKE_DATE(2026, 3, 23) THEN 20 ELSE 21 END
          ELSE CASE WHEN "t1"."day" < MAKE_DATE(2026, 4, 6) THEN 22 ELSE 23 END
        END
      END
      ELSE CASE
        WHEN "t1"."day" < MAKE_DATE(2026, 5, 11)
        THEN CASE
          WHEN "t1"."day" < MAKE_DATE(2026, 4, 27)
          THEN CASE WHEN "t1"."day" < MAKE_DATE(2026, 4, 20) THEN 24 ELSE 25 END
          ELSE CASE WHEN "t1"."day" < MAKE_DATE(2026, 5, 4) THEN 26 ELSE 27 END
        END
        ELSE CASE
          WHEN "t1"."day" < MAKE_DATE(2026, 5, 25)
          THEN CASE WHEN "t1"."day" < MAKE_DATE(2026, 5, 18) THEN 28 ELSE 29 END
          ELSE CASE WHEN "t1"."day" < MAKE_DATE(2026, 6, 1) THEN 30 ELSE 31 END
        END
      END
    END
  END AS BIGINT) AS "week"
FROM (
  SELECT DISTINCT
    COALESCE("t0"."repository", '') AS "repository",
    LOWER("t0"."developer") AS "person",
    COALESCE("t0"."source", '') AS "source",
    "t0"."day"
  FROM "calls" AS "t0"
  WHERE
    "t0"."developer" IS NOT NULL
    AND "t0"."day" >= MAKE_DATE(2025, 11, 3)
    AND "t0"."day" < MAKE_DATE(2026, 6, 1)
) AS "t1";

-- first_weeks
SELECT
  "t0"."repository",
  MIN("t0"."week") AS "first"
FROM "received" AS "t0"
GROUP BY
  1;

-- beginnings
SELECT
  "t9"."person",
  "t9"."begun",
  CAST(CASE WHEN "t10"."first" < "t9"."begun" THEN 1 ELSE 0 END AS BIGINT) AS "seen_before"
FROM (
  SELECT
    "t5"."person",
    MIN("t5"."week") FILTER(WHERE
      "t5"."after" = (
        "t5"."week" + 1
      )) AS "begun"
  FROM (
    SELECT
      "t2"."person",
      "t2"."week",
      LEAD("t2"."week") OVER (
        PARTITION BY "t2"."person"
        ORDER BY "t2"."week" ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "after"
    FROM (
      SELECT DISTINCT
        "t0"."person",
        "t0"."week"
      FROM "received" AS "t0"
    ) AS "t2"
  ) AS "t5"
  GROUP BY
    1
) AS "t9"
LEFT OUTER JOIN (
  SELECT
    "t6"."person",
    "t6"."week",
    MIN("t6"."first") AS "first"
  FROM (
    SELECT
      "t1"."person",
      "t1"."week",
      "t4"."first"
    FROM "received" AS "t1"
    INNER JOIN (
      SELECT
        "t0"."repository",
        "t0"."source",
        MIN("t0"."week") AS "first"
      FROM "received" AS "t0"
      GROUP BY
        1,
        2
    ) AS "t4"
      ON "t1"."repository" = "t4"."repository" AND "t1"."source" = "t4"."source"
  ) AS "t6"
  GROUP BY
    1,
    2
) AS "t10"
  ON "t9"."person" = "t10"."person" AND "t9"."begun" = "t10"."week";

