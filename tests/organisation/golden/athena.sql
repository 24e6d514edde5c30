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
    "t6"."repository",
    "t6"."tool",
    "t6"."model",
    "t6"."developer",
    "t6"."month",
    "t6"."calls",
    "t6"."priced_calls",
    "t6"."timed_calls",
    "t6"."attributed_calls",
    "t6"."tokens",
    "t6"."cost_usd",
    "t6"."attributed_usd",
    "t6"."team"
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
          CAST(IF("t1"."pull_request" IS NOT NULL, 1, 0) AS BIGINT) AS "attributed",
          IF("t1"."pull_request" IS NOT NULL, "t1"."cost_usd", CAST(NULL AS DECIMAL(20, 10))) AS "attributed_usd",
          CAST(IF("t1"."cost_usd" IS NOT NULL, 1, 0) AS BIGINT) AS "priced",
          CAST(IF("t1"."latency_ms" >= 0, 1, 0) AS BIGINT) AS "timed"
        FROM "calls" AS "t1"
        WHERE
          "t1"."day" >= FROM_ISO8601_DATE('2026-05-01')
          AND "t1"."day" < FROM_ISO8601_DATE('2026-06-01')
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
  WHERE
    EXISTS(
      SELECT
        1
      FROM (
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
      WHERE
        "t3"."name" = "t6"."name"
        AND "t3"."under" = "t6"."under"
        AND "t3"."month" = "t6"."month"
    )
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
        "t0"."day" >= FROM_ISO8601_DATE('2026-05-01')
        AND "t0"."day" < FROM_ISO8601_DATE('2026-06-01')
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
      CAST(IF(
        "t0"."latency_ms" < CAST(10000.0 AS DOUBLE),
        IF(
          "t0"."latency_ms" < CAST(1000.0 AS DOUBLE),
          IF(
            "t0"."latency_ms" < CAST(320.0 AS DOUBLE),
            IF(
              "t0"."latency_ms" < CAST(160.0 AS DOUBLE),
              IF(
                "t0"."latency_ms" < CAST(125.0 AS DOUBLE),
                IF("t0"."latency_ms" < CAST(100.0 AS DOUBLE), 0, 1),
                2
              ),
              IF(
                "t0"."latency_ms" < CAST(250.0 AS DOUBLE),
                IF("t0"."latency_ms" < CAST(200.0 AS DOUBLE), 3, 4),
                5
              )
            ),
            IF(
              "t0"."latency_ms" < CAST(630.0 AS DOUBLE),
              IF(
                "t0"."latency_ms" < CAST(500.0 AS DOUBLE),
                IF("t0"."latency_ms" < CAST(400.0 AS DOUBLE), 6, 7),
                8
              ),
              IF("t0"."latency_ms" < CAST(800.0 AS DOUBLE), 9, 10)
            )
          ),
          IF(
            "t0"."latency_ms" < CAST(3200.0 AS DOUBLE),
            IF(
              "t0"."latency_ms" < CAST(2000.0 AS DOUBLE),
              IF(
                "t0"."latency_ms" < CAST(1600.0 AS DOUBLE),
                IF("t0"."latency_ms" < CAST(1250.0 AS DOUBLE), 11, 12),
                13
              ),
              IF("t0"."latency_ms" < CAST(2500.0 AS DOUBLE), 14, 15)
            ),
            IF(
              "t0"."latency_ms" < CAST(6300.0 AS DOUBLE),
              IF(
                "t0"."latency_ms" < CAST(5000.0 AS DOUBLE),
                IF("t0"."latency_ms" < CAST(4000.0 AS DOUBLE), 16, 17),
                18
              ),
              IF("t0"."latency_ms" < CAST(8000.0 AS DOUBLE), 19, 20)
            )
          )
        ),
        IF(
          "t0"."latency_ms" < CAST(125000.0 AS DOUBLE),
          IF(
            "t0"."latency_ms" < CAST(40000.0 AS DOUBLE),
            IF(
              "t0"."latency_ms" < CAST(20000.0 AS DOUBLE),
              IF(
                "t0"."latency_ms" < CAST(16000.0 AS DOUBLE),
                IF("t0"."latency_ms" < CAST(12500.0 AS DOUBLE), 21, 22),
                23
              ),
              IF(
                "t0"."latency_ms" < CAST(32000.0 AS DOUBLE),
                IF("t0"."latency_ms" < CAST(25000.0 AS DOUBLE), 24, 25),
                26
              )
            ),
            IF(
              "t0"."latency_ms" < CAST(80000.0 AS DOUBLE),
              IF(
                "t0"."latency_ms" < CAST(63000.0 AS DOUBLE),
                IF("t0"."latency_ms" < CAST(50000.0 AS DOUBLE), 27, 28),
                29
              ),
              IF("t0"."latency_ms" < CAST(100000.0 AS DOUBLE), 30, 31)
            )
          ),
          IF(
            "t0"."latency_ms" < CAST(400000.0 AS DOUBLE),
            IF(
              "t0"."latency_ms" < CAST(250000.0 AS DOUBLE),
              IF(
                "t0"."latency_ms" < CAST(200000.0 AS DOUBLE),
                IF("t0"."latency_ms" < CAST(160000.0 AS DOUBLE), 32, 33),
                34
              ),
              IF("t0"."latency_ms" < CAST(320000.0 AS DOUBLE), 35, 36)
            ),
            IF(
              "t0"."latency_ms" < CAST(800000.0 AS DOUBLE),
              IF(
                "t0"."latency_ms" < CAST(630000.0 AS DOUBLE),
                IF("t0"."latency_ms" < CAST(500000.0 AS DOUBLE), 37, 38),
                39
              ),
              IF("t0"."latency_ms" < CAST(1000000.0 AS DOUBLE), 40, 41)
            )
          )
        )
      ) AS BIGINT) AS "place"
    FROM "calls" AS "t0"
    WHERE
      "t0"."day" >= FROM_ISO8601_DATE('2026-05-01')
      AND "t0"."day" < FROM_ISO8601_DATE('2026-06-01')
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
    "t5"."repository",
    "t5"."number",
    "t5"."author",
    "t5"."cost_usd",
    "t5"."merged",
    "t5"."reverted",
    "t5"."assisted",
    "t5"."other",
    "t5"."team"
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
        CAST(IF("t0"."merged_at" IS NOT NULL, 1, 0) AS BIGINT) AS "merged",
        CAST(IF("t0"."reverted" AND (
          "t0"."merged_at" IS NOT NULL
        ), 1, 0) AS BIGINT) AS "reverted",
        CAST(IF((
          "t0"."merged_at" IS NOT NULL
        ) AND COALESCE("t0"."assisted", FALSE), 1, 0) AS BIGINT) AS "assisted",
        CAST(IF(
          (
            "t0"."merged_at" IS NOT NULL
          ) AND NOT (
            COALESCE("t0"."assisted", TRUE)
          ),
          1,
          0
        ) AS BIGINT) AS "other"
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
              "t0"."merged_at" >= CAST(FROM_ISO8601_TIMESTAMP('2026-05-01T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
            )
            AND (
              "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-06-01T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
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
                "t0"."closed_at" >= CAST(FROM_ISO8601_TIMESTAMP('2026-05-01T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
              )
              AND (
                "t0"."closed_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-06-01T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
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
  CAST(IF((
    "t0"."ready_at" IS NOT NULL
  ) OR COALESCE("t0"."draft", FALSE), 1, 0) AS BIGINT) AS "draft",
  CAST(IF((
    "t0"."ready_at" IS NULL
  ) AND (
    "t0"."draft" IS NULL
  ), 1, 0) AS BIGINT) AS "draft_unknown",
  "t0"."assisted",
  "t0"."number"
FROM "pull_requests" AS "t0"
WHERE
  "t0"."opened_at" IS NOT NULL
  AND "t0"."opened_at" >= CAST(FROM_ISO8601_TIMESTAMP('2026-05-01T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
  AND "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-06-01T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
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
  SUM(CAST(IF("t0"."merged" = 1, 1, 0) AS BIGINT)) AS "merged",
  SUM(IF("t0"."merged" = 1, "t0"."cost_usd", CAST(NULL AS DECIMAL(20, 10)))) AS "merged_usd",
  COUNT(DISTINCT "t0"."author") FILTER(WHERE
    "t0"."merged" = 1) AS "merged_people",
  SUM(
    CAST(IF((
      "t0"."merged" = 1
    ) AND (
      "t0"."cost_usd" IS NOT NULL
    ), 1, 0) AS BIGINT)
  ) AS "with_cost",
  SUM(
    IF(
      (
        "t0"."merged" = 1
      ) AND (
        "t0"."cost_usd" IS NOT NULL
      ),
      "t0"."cost_usd",
      CAST(NULL AS DECIMAL(20, 10))
    )
  ) AS "with_cost_usd",
  COUNT(DISTINCT "t0"."author") FILTER(WHERE
    (
      "t0"."merged" = 1
    ) AND (
      "t0"."cost_usd" IS NOT NULL
    )) AS "with_cost_people",
  SUM(
    CAST(IF((
      "t0"."merged" = 1
    ) AND (
      "t0"."cost_usd" IS NULL
    ), 1, 0) AS BIGINT)
  ) AS "without_cost",
  SUM(
    IF(
      (
        "t0"."merged" = 1
      ) AND (
        "t0"."cost_usd" IS NULL
      ),
      "t0"."cost_usd",
      CAST(NULL AS DECIMAL(20, 10))
    )
  ) AS "without_cost_usd",
  COUNT(DISTINCT "t0"."author") FILTER(WHERE
    (
      "t0"."merged" = 1
    ) AND (
      "t0"."cost_usd" IS NULL
    )) AS "without_cost_people",
  SUM(CAST(IF("t0"."merged" = 0, 1, 0) AS BIGINT)) AS "unmerged",
  SUM(IF("t0"."merged" = 0, "t0"."cost_usd", CAST(NULL AS DECIMAL(20, 10)))) AS "unmerged_usd",
  COUNT(DISTINCT "t0"."author") FILTER(WHERE
    "t0"."merged" = 0) AS "unmerged_people",
  SUM(CAST(IF("t0"."reverted" = 1, 1, 0) AS BIGINT)) AS "reverted",
  SUM(IF("t0"."reverted" = 1, "t0"."cost_usd", CAST(NULL AS DECIMAL(20, 10)))) AS "reverted_usd",
  COUNT(DISTINCT "t0"."author") FILTER(WHERE
    "t0"."reverted" = 1) AS "reverted_people",
  SUM(CAST(IF("t0"."assisted" = 1, 1, 0) AS BIGINT)) AS "assisted",
  SUM(IF("t0"."assisted" = 1, "t0"."cost_usd", CAST(NULL AS DECIMAL(20, 10)))) AS "assisted_usd",
  COUNT(DISTINCT "t0"."author") FILTER(WHERE
    "t0"."assisted" = 1) AS "assisted_people",
  SUM(CAST(IF("t0"."other" = 1, 1, 0) AS BIGINT)) AS "other",
  SUM(IF("t0"."other" = 1, "t0"."cost_usd", CAST(NULL AS DECIMAL(20, 10)))) AS "other_usd",
  COUNT(DISTINCT "t0"."author") FILTER(WHERE
    "t0"."other" = 1) AS "other_people",
  SUM(
    CAST(IF(
      (
        "t0"."merged" = 1
      ) AND (
        "t0"."assisted" = 0
      ) AND (
        "t0"."other" = 0
      ),
      1,
      0
    ) AS BIGINT)
  ) AS "unknown",
  SUM(
    IF(
      (
        "t0"."merged" = 1
      ) AND (
        "t0"."assisted" = 0
      ) AND (
        "t0"."other" = 0
      ),
      "t0"."cost_usd",
      CAST(NULL AS DECIMAL(20, 10))
    )
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
  WHERE
    EXISTS(
      SELECT
        1
      FROM (
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
      WHERE
        "t3"."name" = "t6"."name" AND "t3"."under" = "t6"."under"
    )
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
    ROW_NUMBER() OVER (PARTITION BY "t1"."name" ORDER BY "t1"."cost_usd" ASC) - 1 AS "place",
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
        CAST(IF(
          "t1"."day" < FROM_ISO8601_DATE('2026-02-16'),
          IF(
            "t1"."day" < FROM_ISO8601_DATE('2025-12-22'),
            IF(
              "t1"."day" < FROM_ISO8601_DATE('2025-11-24'),
              IF(
                "t1"."day" < FROM_ISO8601_DATE('2025-11-10'),
                IF("t1"."day" < FROM_ISO8601_DATE('2025-11-03'), 0, 1),
                IF("t1"."day" < FROM_ISO8601_DATE('2025-11-17'), 2, 3)
              ),
              IF(
                "t1"."day" < FROM_ISO8601_DATE('2025-12-08'),
                IF("t1"."day" < FROM_ISO8601_DATE('2025-12-01'), 4, 5),
                IF("t1"."day" < FROM_ISO8601_DATE('2025-12-15'), 6, 7)
              )
            ),
            IF(
              "t1"."day" < FROM_ISO8601_DATE('2026-01-19'),
              IF(
                "t1"."day" < FROM_ISO8601_DATE('2026-01-05'),
                IF("t1"."day" < FROM_ISO8601_DATE('2025-12-29'), 8, 9),
                IF("t1"."day" < FROM_ISO8601_DATE('2026-01-12'), 10, 11)
              ),
              IF(
                "t1"."day" < FROM_ISO8601_DATE('2026-02-02'),
                IF("t1"."day" < FROM_ISO8601_DATE('2026-01-26'), 12, 13),
                IF("t1"."day" < FROM_ISO8601_DATE('2026-02-09'), 14, 15)
              )
            )
          ),
          IF(
            "t1"."day" < FROM_ISO8601_DATE('2026-04-13'),
            IF(
              "t1"."day" < FROM_ISO8601_DATE('2026-03-16'),
              IF(
                "t1"."day" < FROM_ISO8601_DATE('2026-03-02'),
                IF("t1"."day" < FROM_ISO8601_DATE('2026-02-23'), 16, 17),
                IF("t1"."day" < FROM_ISO8601_DATE('2026-03-09'), 18, 19)
              ),
              IF(
                "t1"."day" < FROM_ISO8601_DATE('2026-03-30'),
                IF("t1"."day" < FROM_ISO8601_DATE('2026-03-23'), 20, 21),
                IF("t1"."day" < FROM_ISO8601_DATE('2026-04-06'), 22, 23)
              )
            ),
            IF(
              "t1"."day" < FROM_ISO8601_DATE('2026-05-11'),
              IF(
                "t1"."day" < FROM_ISO8601_DATE('2026-04-27'),
                IF("t1"."day" < FROM_ISO8601_DATE('2026-04-20'), 24, 25),
                IF("t1"."day" < FROM_ISO8601_DATE('2026-05-04'), 26, 27)
              ),
              IF(
                "t1"."day" < FROM_ISO8601_DATE('2026-05-25'),
                IF("t1"."day" < FROM_ISO8601_DATE('2026-05-18'), 28, 29),
                IF("t1"."day" < FROM_ISO8601_DATE('2026-06-01'), 30, 31)
              )
            )
          )
        ) AS BIGINT) AS "week",
        0 AS "merged"
      FROM "commits" AS "t1"
      WHERE
        NOT (
          "t1"."is_bot"
        )
        AND "t1"."author" IS NOT NULL
        AND "t1"."day" < FROM_ISO8601_DATE('2026-06-01')
    ) AS "t8"
    WHERE
      EXISTS(
        SELECT
          1
        FROM (
          SELECT
            COALESCE("t0"."repository", '') AS "repository",
            LOWER("t0"."author") AS "author"
          FROM "pull_requests" AS "t0"
          WHERE
            NOT (
              "t0"."is_bot"
            )
            AND "t0"."author" IS NOT NULL
            AND "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-06-01T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        ) AS "t3"
        WHERE
          "t8"."repository" = "t3"."repository" AND "t8"."author" = "t3"."author"
      )
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
        CAST(IF(
          "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-02-16T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
          IF(
            "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2025-12-22T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
            IF(
              "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2025-11-24T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
              IF(
                "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2025-11-10T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                IF(
                  "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2025-11-03T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  0,
                  1
                ),
                IF(
                  "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2025-11-17T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  2,
                  3
                )
              ),
              IF(
                "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2025-12-08T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                IF(
                  "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2025-12-01T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  4,
                  5
                ),
                IF(
                  "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2025-12-15T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  6,
                  7
                )
              )
            ),
            IF(
              "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-01-19T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
              IF(
                "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-01-05T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                IF(
                  "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2025-12-29T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  8,
                  9
                ),
                IF(
                  "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-01-12T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  10,
                  11
                )
              ),
              IF(
                "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-02-02T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                IF(
                  "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-01-26T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  12,
                  13
                ),
                IF(
                  "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-02-09T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  14,
                  15
                )
              )
            )
          ),
          IF(
            "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-04-13T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
            IF(
              "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-03-16T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
              IF(
                "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-03-02T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                IF(
                  "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-02-23T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  16,
                  17
                ),
                IF(
                  "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-03-09T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  18,
                  19
                )
              ),
              IF(
                "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-03-30T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                IF(
                  "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-03-23T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  20,
                  21
                ),
                IF(
                  "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-04-06T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  22,
                  23
                )
              )
            ),
            IF(
              "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-05-11T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
              IF(
                "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-04-27T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                IF(
                  "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-04-20T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  24,
                  25
                ),
                IF(
                  "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-05-04T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  26,
                  27
                )
              ),
              IF(
                "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-05-25T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                IF(
                  "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-05-18T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  28,
                  29
                ),
                IF(
                  "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-06-01T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  30,
                  31
                )
              )
            )
          )
        ) AS BIGINT) AS "week",
        0 AS "merged"
      FROM "pull_requests" AS "t0"
      WHERE
        NOT (
          "t0"."is_bot"
        )
        AND "t0"."author" IS NOT NULL
        AND "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-06-01T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
    ) AS "t4"
    UNION ALL
    SELECT
      *
    FROM (
      SELECT
        COALESCE("t0"."repository", '') AS "repository",
        LOWER("t0"."author") AS "author",
        CAST(IF(
          "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-02-16T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
          IF(
            "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2025-12-22T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
            IF(
              "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2025-11-24T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
              IF(
                "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2025-11-10T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                IF(
                  "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2025-11-03T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  0,
                  1
                ),
                IF(
                  "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2025-11-17T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  2,
                  3
                )
              ),
              IF(
                "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2025-12-08T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                IF(
                  "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2025-12-01T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  4,
                  5
                ),
                IF(
                  "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2025-12-15T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  6,
                  7
                )
              )
            ),
            IF(
              "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-01-19T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
              IF(
                "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-01-05T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                IF(
                  "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2025-12-29T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  8,
                  9
                ),
                IF(
                  "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-01-12T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  10,
                  11
                )
              ),
              IF(
                "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-02-02T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                IF(
                  "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-01-26T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  12,
                  13
                ),
                IF(
                  "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-02-09T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  14,
                  15
                )
              )
            )
          ),
          IF(
            "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-04-13T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
            IF(
              "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-03-16T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
              IF(
                "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-03-02T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                IF(
                  "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-02-23T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  16,
                  17
                ),
                IF(
                  "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-03-09T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  18,
                  19
                )
              ),
              IF(
                "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-03-30T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                IF(
                  "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-03-23T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  20,
                  21
                ),
                IF(
                  "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-04-06T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  22,
                  23
                )
              )
            ),
            IF(
              "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-05-11T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
              IF(
                "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-04-27T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                IF(
                  "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-04-20T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  24,
                  25
                ),
                IF(
                  "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-05-04T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  26,
                  27
                )
              ),
              IF(
                "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-05-25T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                IF(
                  "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-05-18T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  28,
                  29
                ),
                IF(
                  "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-06-01T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE),
                  30,
                  31
                )
              )
            )
          )
        ) AS BIGINT) AS "week",
        1 AS "merged"
      FROM "pull_requests" AS "t0"
      WHERE
        NOT (
          "t0"."is_bot"
        )
        AND "t0"."author" IS NOT NULL
        AND "t0"."opened_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-06-01T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
        AND "t0"."merged_at" IS NOT NULL
        AND "t0"."merged_at" < CAST(FROM_ISO8601_TIMESTAMP('2026-06-01T00:00:00+00:00') AS TIMESTAMP WITH TIME ZONE)
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
  CAST(IF(
    "t1"."day" < FROM_ISO8601_DATE('2026-02-16'),
    IF(
      "t1"."day" < FROM_ISO8601_DATE('2025-12-22'),
      IF(
        "t1"."day" < FROM_ISO8601_DATE('2025-11-24'),
        IF(
          "t1"."day" < FROM_ISO8601_DATE('2025-11-10'),
          IF("t1"."day" < FROM_ISO8601_DATE('2025-11-03'), 0, 1),
          IF("t1"."day" < FROM_ISO8601_DATE('2025-11-17'), 2, 3)
        ),
        IF(
          "t1"."day" < FROM_ISO8601_DATE('2025-12-08'),
          IF("t1"."day" < FROM_ISO8601_DATE('2025-12-01'), 4, 5),
          IF("t1"."day" < FROM_ISO8601_DATE('2025-12-15'), 6, 7)
        )
      ),
      IF(
        "t1"."day" < FROM_ISO8601_DATE('2026-01-19'),
        IF(
          "t1"."day" < FROM_ISO8601_DATE('2026-01-05'),
          IF("t1"."day" < FROM_ISO8601_DATE('2025-12-29'), 8, 9),
          IF("t1"."day" < FROM_ISO8601_DATE('2026-01-12'), 10, 11)
        ),
        IF(
          "t1"."day" < FROM_ISO8601_DATE('2026-02-02'),
          IF("t1"."day" < FROM_ISO8601_DATE('2026-01-26'), 12, 13),
          IF("t1"."day" < FROM_ISO8601_DATE('2026-02-09'), 14, 15)
        )
      )
    ),
    IF(
      "t1"."day" < FROM_ISO8601_DATE('2026-04-13'),
      IF(
        "t1"."day" < FROM_ISO8601_DATE('2026-03-16'),
        IF(
          "t1"."day" < FROM_ISO8601_DATE('2026-03-02'),
          IF("t1"."day" < FROM_ISO8601_DATE('2026-02-23'), 16, 17),
          IF("t1"."day" < FROM_ISO8601_DATE('2026-03-09'), 18, 19)
        ),
        IF(
          "t1"."day" < FROM_ISO8601_DATE('2026-03-30'),
          IF("t1"."day" < FROM_ISO8601_DATE('2026-03-23'), 20, 21),
          IF("t1"."day" < FROM_ISO8601_DATE('2026-04-06'), 22, 23)
        )
      ),
      IF(
        "t1"."day" < FROM_ISO8601_DATE('2026-05-11'),
        IF(
          "t1"."day" < FROM_ISO8601_DATE('2026-04-27'),
          IF("t1"."day" < FROM_ISO8601_DATE('2026-04-20'), 24, 25),
          IF("t1"."day" < FROM_ISO8601_DATE('2026-05-04'), 26, 27)
        ),
        IF(
          "t1"."day" < FROM_ISO8601_DATE('2026-05-25'),
          IF("t1"."day" < FROM_ISO8601_DATE('2026-05-18'), 28, 29),
          IF("t1"."day" < FROM_ISO8601_DATE('2026-06-01'), 30, 31)
        )
      )
    )
  ) AS BIGINT) AS "week"
FROM (
  SELECT DISTINCT
    COALESCE("t0"."repository", '') AS "repository",
    LOWER("t0"."developer") AS "person",
    COALESCE("t0"."source", '') AS "source",
    "t0"."day"
  FROM "calls" AS "t0"
  WHERE
    "t0"."developer" IS NOT NULL
    AND "t0"."day" >= FROM_ISO8601_DATE('2025-11-03')
    AND "t0"."day" < FROM_ISO8601_DATE('2026-06-01')
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
  CAST(IF("t10"."first" < "t9"."begun", 1, 0) AS BIGINT) AS "seen_before"
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
      LEAD("t2"."week") OVER (PARTITION BY "t2"."person" ORDER BY "t2"."week" ASC) AS "after"
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

