//! Manifests and policies that several tests use.

/// A Service in the namespace `shop`.
pub const SERVICE: &str = "apiVersion: v1
kind: Service
metadata:
  {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{port: 80}]
";

/// A Pod whose image is from nowhere that is trusted.
pub const POD: &str = "apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec:
  containers:
  - image: evil.example.com/web:1
    name: web
";

/// A ConfigMap: something that no shipped policy is about.
pub const CONFIG_MAP: &str = "apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
data: {level: info}
";

/// A kustomization of one file, `base.yaml`.
pub const KUSTOMIZATION: &str = "# Ours.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- base.yaml
";

/// The value in [`SECRET`].
pub const CANARY: &str = "hunter2-canary-5521";

/// The same in base64.
pub const CANARY_BASE64: &str = "aHVudGVyMi1jYW5hcnktNTUyMQ==";

/// A Secret with a value.
pub const SECRET: &str = "apiVersion: v1
kind: Secret
metadata: {name: db, namespace: shop}
stringData:
  password: hunter2-canary-5521
";

/// A policy without a binding: Services are not of the type NodePort.
pub const POLICY: &str = "apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: no-node-port}
spec:
  matchConstraints:
    resourceRules:
    - {apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [services]}
  validations:
  - expression: object.spec.?type.orValue('ClusterIP') != 'NodePort'
";

/// A policy in force that asks the API server about rights: it cannot be evaluated elsewhere.
pub const POLICY_ABOUT_RIGHTS: &str = "apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: asks-the-cluster}
spec:
  matchConstraints:
    resourceRules:
    - {apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [services]}
  validations:
  - expression: authorizer.group('').resource('pods').check('get').allowed()
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: asks-the-cluster}
spec: {policyName: asks-the-cluster, validationActions: [Deny]}
";
