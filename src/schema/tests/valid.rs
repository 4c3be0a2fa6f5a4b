//! Objects that the server accepts have no findings.

use super::*;

/// One of each kind that people draft, with the fields that trip up careless checks.
const OBJECTS: &[&str] = &[
    "
apiVersion: v1
kind: Pod
metadata:
  name: gpu.pod-1
  creationTimestamp: null
  labels: {app.kubernetes.io/name: gpu, empty: ''}
  annotations: {Example.com/Note: 'anything: goes'}
spec:
  restartPolicy: Never
  tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
  securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
  initContainers:
  - {name: init, image: busybox:1.36, restartPolicy: Always}
  containers:
  - name: main
    image: registry.example.com:5000/team/app@sha256:0123
    imagePullPolicy: ''
    command: [python, -c]
    args: ['print(1)']
    env:
    - {name: A, value: '1'}
    - {name: B, valueFrom: {secretKeyRef: {name: s, key: k}}}
    - {name: C, value: '', valueFrom: {fieldRef: {fieldPath: metadata.name}}}
    ports:
    - {containerPort: 53, protocol: UDP, name: dns-udp}
    - {containerPort: 53, name: dns-tcp}
    resources:
      requests: {cpu: 500m, memory: 1Gi, nvidia.com/gpu: 2}
      limits: {cpu: 1.5, memory: 2Gi, nvidia.com/gpu: '2', hugepages-2Mi: 4Mi}
    livenessProbe: {httpGet: {path: /, port: http}, periodSeconds: 5}
    readinessProbe: {tcpSocket: {port: 8080}, successThreshold: 2}
    lifecycle: {preStop: {sleep: {seconds: 5}}}
    volumeMounts:
    - {name: shm, mountPath: /dev/shm}
    - {name: data, mountPath: /data, subPath: a}
  volumes:
  - {name: shm, emptyDir: {medium: Memory, sizeLimit: 8Gi}}
  - {name: data, persistentVolumeClaim: {claimName: data}}
  - {name: nothing}
",
    "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: team-a}
spec:
  replicas: 3
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 25%}}
  selector:
    matchLabels: {app: web}
    matchExpressions: [{key: tier, operator: In, values: [front, back]}, {key: gone, operator: DoesNotExist}]
  template:
    metadata: {labels: {app: web, tier: front}, creationTimestamp: null}
    spec:
      containers: [{name: web, image: 'nginx:1.27', ports: [{containerPort: 80}]}]
      topologySpreadConstraints:
      - {maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}
      affinity:
        nodeAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            nodeSelectorTerms: [{matchExpressions: [{key: gpu, operator: Gt, values: ['1']}]}]
status: {}
",
    "
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
      - {name: db, image: 'postgres:16', volumeMounts: [{name: data, mountPath: /var/lib/postgresql/data}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 100Gi}}}
",
    "
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {hostNetwork: true, containers: [{name: agent, image: agent:1, securityContext: {privileged: true}}]}
",
    "
apiVersion: batch/v1
kind: Job
metadata: {generateName: train-}
spec:
  completions: 4
  parallelism: 2
  completionMode: Indexed
  backoffLimitPerIndex: 1
  podFailurePolicy:
    rules: [{action: Ignore, onPodConditions: [{type: DisruptionTarget, status: 'True'}]}]
  template:
    spec: {restartPolicy: OnFailure, containers: [{name: train, image: 'train:1'}]}
",
    "
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: '*/30 2-4 * * mon-fri'
  timeZone: Europe/Berlin
  jobTemplate:
    spec:
      template:
        spec: {restartPolicy: Never, containers: [{name: report, image: 'report:2'}]}
",
    "
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports:
  - {name: http, port: 80, targetPort: http}
  - {name: http-udp, port: 80, targetPort: 8080, protocol: UDP}
",
    "
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a.b: '1', empty: ''}
binaryData: {raw: aGVsbG8=}
immutable: true
",
    "
apiVersion: v1
kind: Secret
metadata: {name: token}
type: Opaque
data: {token: aGVsbG8=}
stringData: {plain: 'not base64!'}
",
    "
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec:
  accessModes: [ReadWriteMany]
  storageClassName: ''
  resources: {requests: {storage: 1Ti}}
",
    "
apiVersion: v1
kind: Namespace
metadata: {name: team-a, labels: {pod-security.kubernetes.io/enforce: restricted}}
",
    "
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  ingressClassName: nginx
  tls: [{hosts: [web.example.com], secretName: tls}]
  rules:
  - host: web.example.com
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
",
    "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny}
spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}], ports: [{port: 80}, {port: http}]}]}
",
    "
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  maxReplicas: 5
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
",
    "
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 50%, selector: {matchLabels: {app: web}}}
",
    "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: 'system:Some:Role'}
rules: [{apiGroups: [''], resources: [pods/log], verbs: [get]}, {nonResourceURLs: [/healthz], verbs: [get]}]
",
    "
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: readers, namespace: team-a}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: default, namespace: team-a}]
",
    "
apiVersion: resource.k8s.io/v1
kind: ResourceClaimTemplate
metadata: {name: gpu}
spec:
  spec:
    devices:
      requests:
      - name: gpu
        exactly:
          deviceClassName: gpu.nvidia.com
          selectors: [{cel: {expression: 'true'}}]
      config:
      - opaque: {driver: gpu.nvidia.com, parameters: {apiVersion: gpu.nvidia.com/v1, kind: GpuConfig, anything: [1]}}
",
    "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec:
  group: example.com
  names: {kind: Thing, plural: things}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, x-kubernetes-preserve-unknown-fields: true, default: {a: 1}}
          many: {type: array, items: {type: object, additionalProperties: {type: string}}}
",
    "
apiVersion: authorization.k8s.io/v1
kind: SelfSubjectAccessReview
spec: {resourceAttributes: {verb: get, resource: pods}}
",
    "
apiVersion: v1
kind: ResourceQuota
metadata: {name: gpus}
spec: {hard: {requests.nvidia.com/gpu: 8, limits.cpu: '64', pods: 100}}
",
    "
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: replicas.example.com}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}]
  validations: [{expression: object.spec.replicas <= 5}]
",
];

#[test]
fn objects_that_the_server_accepts_have_no_findings_in_any_minor() {
    for minor in SchemaSet::minors() {
        let set = SchemaSet::bundled(Some(minor)).expect(minor);
        for yaml in OBJECTS {
            let found = validate(&manifest(yaml), &set);
            assert!(found.is_empty(), "{minor}\n{yaml}\n{:#?}", lines(&found));
        }
    }
}

#[test]
fn what_was_defaulted_is_still_valid() {
    let set = set();
    for yaml in OBJECTS {
        let object = defaulted(&manifest(yaml).object, &set);
        let found = validate(&Manifest::rendered(object.clone()), &set);
        assert!(found.is_empty(), "{object:#}\n{:#?}", lines(&found));
        assert_eq!(defaulted(&object, &set), object, "a second time changes nothing");
    }
}
