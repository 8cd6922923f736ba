DELETE FROM cluster_messages
WHERE entity_type IN ('Workflow/effect-agentcore-identity/ObtainConsent', 'Workflow/-/DurableClock')
  AND entity_id IN (
  SELECT run.entity_id FROM cluster_messages run INNER JOIN cluster_replies reply ON reply.request_id = run.id
  WHERE run.entity_type = 'Workflow/effect-agentcore-identity/ObtainConsent' AND run.tag = 'run'
    AND reply.payload LIKE '%"_tag":"Complete"%'
    -- The id of a reply begins with its time, since 2025.
    AND reply.id < (CAST(extract(epoch FROM now()) AS BIGINT) - 30 * 86400 - 1735689600) * 4194304000
);
DELETE FROM cluster_replies WHERE NOT EXISTS (
  SELECT 1 FROM cluster_messages WHERE cluster_messages.id = cluster_replies.request_id
);
